import { parsers } from '@parapet/detect'
import { describe, expect, it } from 'vitest'
import { nginxLine } from '../fixtures/logs.js'
import { parapet, temporaryFolder } from '../fixtures/run-parapet.js'
import { assertUnderstood, FORMAT_NAMES, namedParser, pickParser } from './format.js'

const folder = temporaryFolder()
const mapping = folder.write(
  'app.yml',
  'name: shop\ntime: at\nfields: {who: user.name, from: source.ip}\nevents:\n  no: {category: authentication, action: login, outcome: failure}\ntype: what\n',
)
const FORMAT = '$remote_addr|$time_iso8601|$request_method $status'
const format = folder.write('nginx.conf', `log_format slim '${FORMAT}';\n`)
const detail = (text: string): unknown => expect.objectContaining({ detail: expect.stringContaining(text) as string })

describe('the formats that a help lists', () => {
  it('are the parsers, in their order', () => {
    expect(FORMAT_NAMES.split(' ')).toEqual(parsers.map(({ name }) => name))
  })
})

describe('an input of which hardly a line was understood', () => {
  it.each([
    [{ events: 0, foreign: 0, unknown: 1 }, true],
    [{ events: 0, foreign: 10, unknown: 90 }, true],
    [{ events: 0, foreign: 11, unknown: 89 }, false],
    [{ events: 1, foreign: 0, unknown: 9_999 }, false],
    [{ events: 0, foreign: 0, unknown: 0 }, false],
  ])('is of another format: %j %s', (counts, refused) => {
    let failure: unknown
    try {
      assertUnderstood('x.log', { name: 'sshd' }, counts)
    } catch (error) {
      failure = error
    }
    expect(String(failure)).toMatch(refused ? /^ParapetError: .*x\.log was read as sshd/ : /^undefined$/)
    expect(() => assertUnderstood('x.log', undefined, counts)).not.toThrow()
  })
})

describe('the parser that the options name', () => {
  it.each([
    [{ format: 'auto' }, undefined],
    [{ format: 'nginx' }, 'nginx.access'],
    [{ format: 'apache' }, 'apache.access'],
    [{ format: 'haproxy' }, 'haproxy'],
    [{ format: 'auto', mapping }, 'shop'],
    [{ format: 'auto', logFormat: FORMAT }, 'nginx.access'],
    [{ format: 'auto', logFormat: format }, 'nginx.access'],
    [{ format: 'auto', logFormat: 'LogFormat "%h %t \\"%r\\"" x' }, 'apache.access'],
  ])('%j', async (choice, name) => {
    expect((await namedParser(choice))?.name).toBe(name)
  })

  it.each([
    [{ format: 'json', mapping }, 'PPT_USAGE', '--format and --mapping'],
    [{ format: 'auto', mapping, logFormat: FORMAT }, 'PPT_USAGE', '--mapping and --log-format'],
    [{ format: 'nothing' }, 'PPT_FORMAT_UNKNOWN', 'known are'],
    [{ format: 'auto', mapping: format }, 'PPT_MAPPING_INVALID', `${format}:1: `],
    [{ format: 'auto', logFormat: '$status' }, 'PPT_LOG_FORMAT_INVALID', 'tells no time'],
    [{ format: 'auto', logFormat: mapping }, 'PPT_LOG_FORMAT_INVALID', 'names no variable'],
    [{ format: 'auto', mapping: '/nonexistent/app.yml' }, 'PPT_FILE_UNREADABLE', 'app.yml (ENOENT)'],
    [{ format: 'auto', logFormat: '/nonexistent/nginx.conf' }, 'PPT_FILE_UNREADABLE', 'nginx.conf (ENOENT)'],
    [{ format: 'auto', mapping: folder.write('big.yml', 'a'.repeat(1_048_577)) }, 'PPT_FILE_UNREADABLE', 'larger than 1 MiB'],
  ])('%j is refused', async (choice, code, text) => {
    await expect(namedParser(choice)).rejects.toMatchObject({ code })
    await expect(namedParser(choice)).rejects.toEqual(detail(text))
  })
})

describe('the parser that lines tell', () => {
  it('is refused for lines that nobody knows, with the way out', async () => {
    await expect(pickParser(['x'], 'a.log')).rejects.toEqual(detail('--mapping and --log-format read others'))
    expect(await pickParser(['', ' '], 'a.log')).toBeDefined()
    expect((await pickParser([nginxLine('198.51.100.9', 'GET / HTTP/1.1')], 'a.log')).name).toBe('nginx.access')
  })
})

describe('parapet detect and parapet parse', () => {
  const lines = Array.from({ length: 8 }, (_, i) =>
    JSON.stringify({ at: `2026-11-20T08:00:0${i}Z`, what: 'no', who: 'root', from: '198.51.100.7' }),
  )
  const log = folder.write('app.log', `${lines.join('\n')}\nnothing\n`)

  it('find an attack in a log of your own by its mapping', async () => {
    const { code, stdout } = await parapet(['detect', log, '--mapping', mapping])
    expect(code).toBe(1)
    expect(stdout).toContain('Brute force from one address')
    expect(stdout).toMatch(/198\.51\.100\.7 +8 /)
    expect(stdout).toMatch(/9 lines of shop · 8 events/)
  })

  it('turn such lines into events', async () => {
    const { code, stdout, stderr } = await parapet(['parse', log, '--mapping', mapping])
    expect(code).toBe(0)
    expect(JSON.parse(stdout.split('\n', 1)[0] ?? '')).toMatchObject({
      'event.dataset': 'shop',
      'event.action': 'login',
      'user.name': 'root',
      'source.ip': '198.51.100.7',
    })
    expect(stderr).toContain('1 not understood')
  })

  it("read a server's own format", async () => {
    const own = folder.write('own.log', '198.51.100.9|2026-11-20T08:00:00+00:00|GET 404\n')
    const { code, stdout } = await parapet(['parse', own, '--log-format', FORMAT])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      'source.ip': '198.51.100.9',
      'http.request.method': 'GET',
      'http.response.status_code': 404,
    })
  })

  it.each([
    ['detect', ['--mapping', format], /PPT_MAPPING_INVALID.*nginx\.conf:1/],
    ['parse', ['--log-format', '$status'], /PPT_LOG_FORMAT_INVALID.*tells no time/],
    ['parse', ['--mapping', mapping, '--format', 'json'], /--format and --mapping do not go together/],
  ] as const)('%s says what is wrong with %j before it reads', async (command, options, message) => {
    const { code, stdout, stderr } = await parapet([command, log, ...options])
    expect([0, 1]).not.toContain(code)
    expect(stdout).toBe('')
    expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(message)
  })
})
