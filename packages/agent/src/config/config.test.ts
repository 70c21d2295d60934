import * as fc from 'fast-check'
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { loadConfig, readConfig } from './config.js'
import { SETTINGS, USUAL_FILES } from './settings.js'

fc.configureGlobal({ seed: 20_261_122 })
const failure = (text: string): string => {
  try {
    readConfig(text, 'agent.yml')
    return 'no error'
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${String(error.code)} ${error.message}` : `not ours: ${String(error)}`
  }
}

describe('the settings of the agent', () => {
  it('are complete when nobody says anything, and follow the usual files', () => {
    for (const config of [readConfig('', 'agent.yml'), loadConfig('/nonexistent/agent.yml')]) {
      expect(config).toMatchObject({
        name: hostname(),
        stateDir: '/var/lib/parapet-agent',
        spool: { maxMiB: 256 },
        detection: { enabled: true },
      })
      expect(config.files.map(({ path }) => path)).toEqual(USUAL_FILES)
    }
  })

  it('are what the file says', () => {
    const config = readConfig(
      'name: web-1\nfiles:\n  - {path: /a.log, format: sshd, from: start, backlog: true}\nsyslog: {udp: "[::1]:5514"}\nredis: [{address: 127.0.0.1:6379}]\n',
      'agent.yml',
    )
    expect(config.files).toEqual([{ path: '/a.log', format: 'sshd', from: 'start', backlog: true }])
    expect(config.syslog).toMatchObject({ udp: { host: '::1', port: 5_514 }, connections: 64 })
    expect(config.redis).toEqual([{ address: { host: '127.0.0.1', port: 6_379 }, user: null, passwordFile: null, everySeconds: 10 }])
  })

  it('follow no usual file when inputs are named, or files are said to be none', () => {
    expect(readConfig('journald: {enabled: true}', 'x').files).toEqual([])
    expect(readConfig('files: []', 'x').files).toEqual([])
  })

  it.each([
    ['nam: x', 'PPT_CONFIG_UNKNOWN_KEY', 'nam in agent.yml; did you mean name?'],
    ['spool: {maxMib: 3}', 'PPT_CONFIG_UNKNOWN_KEY', 'spool.maxMib in agent.yml; did you mean spool.maxMiB?'],
    ['files: [{path: /a, fromat: x}]', 'PPT_CONFIG_UNKNOWN_KEY', 'files[0].fromat in agent.yml; did you mean files[0].format?'],
    ['files: [{format: auto}]', 'PPT_CONFIG_INVALID', 'files[0].path is missing'],
    ['files: [{path: relative.log}]', 'PPT_CONFIG_INVALID', 'files[0].path in agent.yml is "relative.log"; it takes an absolute path'],
    ['files: [{path: /a, format: nonsense}]', 'PPT_FORMAT_UNKNOWN', 'known are'],
    ['files: {path: /a}', 'PPT_CONFIG_INVALID', 'it takes a list'],
    ['files: [3]', 'PPT_CONFIG_INVALID', 'files[0]'],
    ['spool: {maxMiB: 0}', 'PPT_CONFIG_INVALID', 'it takes a whole number from 1'],
    ['spool: 3', 'PPT_CONFIG_INVALID', 'it takes a map'],
    ['facts: {enabled: "yes"}', 'PPT_CONFIG_INVALID', 'true or false'],
    ['syslog: {udp: "514"}', 'PPT_CONFIG_INVALID', '127.0.0.1:5514'],
    ['syslog: {udp: "a:99999"}', 'PPT_CONFIG_INVALID', '127.0.0.1:5514'],
    ['syslog: {tls: "0.0.0.0:6514"}', 'PPT_CONFIG_INVALID', 'needs syslog.cert'],
    ['datasets: sshd', 'PPT_CONFIG_INVALID', 'a list of texts'],
    ['a: [', 'PPT_CONFIG_INVALID', 'is no YAML'],
    ['- a', 'PPT_CONFIG_INVALID', 'must be a map'],
  ])('%s is refused with place and fix', (text, code, says) => {
    expect(failure(text)).toContain(code)
    expect(failure(text)).toContain(says)
  })

  it('are never anything else than settings or an error of ours, whatever the file holds', () => {
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('x', '/x', 3, true, null, '1.1.1.1:1'),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('path', 'files', 'spool', 'maxMiB', '__proto__', 'constructor', 'tls', 'syslog'), tie('node'), {
          maxKeys: 3,
        }),
      ),
    })).node
    fc.assert(
      fc.property(value, (tree) => {
        expect(failure(JSON.stringify(tree))).toMatch(/^(?:no error|PPT_)/)
      }),
    )
  })

  it('of a file that somebody named are not taken for good when it is not there', () => {
    expect(() => loadConfig('/nonexistent/agent.yml', true)).toThrow(
      expect.objectContaining({ code: 'PPT_FILE_UNREADABLE', detail: '/nonexistent/agent.yml (ENOENT)' }),
    )
  })

  it('say each what it is for, once', () => {
    expect(new Set(SETTINGS.map(({ key }) => key)).size).toBe(SETTINGS.length)
    for (const { key, means } of SETTINGS) expect(means.length, key).toBeGreaterThan(10)
  })
})
