import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { needs } from '@parapet/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '../config/config.js'
import { installAction, uninstallAction } from './install-actions.js'
import { helperSocketText, helperUnitText, unitText } from './unit.js'

let root = ''
let said: string[] = []
const io = { out: (text: string): void => void said.push(text) }
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parapet-install-'))
  said = []
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const files = (): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(root, name)).isFile())
    .toSorted()
const here = needs('systemd-analyze')

describe('parapet agent install', () => {
  it('says first what it will do, and does nothing without a yes', async () => {
    await expect(installAction({ root }, io, () => Promise.resolve(false))).rejects.toThrow('nothing was changed')
    expect(said.join('\n')).toContain(`write the unit ${root}/etc/systemd/system/parapet-agent.service`)
    expect(readdirSync(root)).toEqual([])
  })

  it('writes settings, state folder and unit below a root, and leaves settings that are there alone', async () => {
    let asked = 0
    const yes = (): Promise<boolean> => {
      asked++
      return Promise.resolve(true)
    }
    await installAction({ root }, io, yes)
    expect(asked).toBe(1)
    expect(files()).toEqual([
      'etc/parapet/agent.yml',
      'etc/systemd/system/parapet-agent-helper.service',
      'etc/systemd/system/parapet-agent-helper.socket',
      'etc/systemd/system/parapet-agent.service',
    ])
    expect(statSync(join(root, 'var/lib/parapet-agent')).mode & 0o777).toBe(0o700)
    const config = readFileSync(join(root, 'etc/parapet/agent.yml'), 'utf8')
    expect(readConfig(config, 'agent.yml').stateDir).toBe('/var/lib/parapet-agent')
    writeFileSync(join(root, 'etc/parapet/agent.yml'), 'name: mine\n')
    await installAction({ root, yes: true }, io, yes)
    expect(readFileSync(join(root, 'etc/parapet/agent.yml'), 'utf8')).toBe('name: mine\n')
    expect(asked).toBe(1)
  })

  it('refuses half of what enrolment needs before anything is written', async () => {
    await expect(installAction({ root, server: 'https://x', yes: true }, io, () => Promise.resolve(true))).rejects.toThrow('--token')
    expect(readdirSync(root)).toEqual([])
  })
})

describe('parapet agent uninstall', () => {
  it('takes the unit away and keeps the key, the state and the settings, unless all shall go', async () => {
    const yes = (): Promise<boolean> => Promise.resolve(true)
    await installAction({ root, yes: true }, io, yes)
    writeFileSync(join(root, 'var/lib/parapet-agent/identity.json'), '{}')
    await expect(uninstallAction({ root }, io, () => Promise.resolve(false))).rejects.toThrow('nothing was changed')
    expect(files()).toHaveLength(5)
    await uninstallAction({ root, yes: true }, io, yes)
    expect(files()).toEqual(['etc/parapet/agent.yml', 'var/lib/parapet-agent/identity.json'])
    await uninstallAction({ root, yes: true, purge: true }, io, yes)
    expect(files()).toEqual([])
    said = []
    await uninstallAction({ root, yes: true }, io, yes)
    expect(said).toEqual(['There is nothing to take away.'])
  })
})

describe.skipIf(!here.ok)(`the unit, as systemd sees it${here.note}`, () => {
  const unit = (): string => {
    mkdirSync(join(root, 'units'))
    const path = join(root, 'units/parapet-agent.service')
    writeFileSync(
      path,
      unitText({
        node: process.execPath,
        program: '/bin/true',
        config: '/etc/parapet/agent.yml',
        stateDir: '/var/lib/parapet-agent',
        user: 'parapet-agent',
      }),
    )
    return path
  }

  it('is one that systemd takes', () => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', unit()], { encoding: 'utf8' })
    expect([status, stdout, stderr]).toEqual([0, '', ''])
  })

  it('exposes little: at most 2.5 of 10', () => {
    const { status, stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', '--threshold=25', unit()], {
      encoding: 'utf8',
    })
    console.log(stdout.split('\n').findLast((line) => line.includes('exposure level')))
    expect(status).toBe(0)
  })

  it.each([
    ['without nginx', undefined, '20'],
    ['with nginx', '/etc/nginx', '30'],
  ])('of the helper is one that systemd takes, and exposes little, %s', (_, nginx, most) => {
    mkdirSync(join(root, 'units'))
    const at = (name: string): string => join(root, 'units', name)
    writeFileSync(at('parapet-agent-helper.socket'), helperSocketText('root'))
    writeFileSync(
      at('parapet-agent-helper.service'),
      helperUnitText({ node: process.execPath, program: '/bin/true', config: '/etc/parapet/agent.yml', nginx }),
    )
    const verified = spawnSync('systemd-analyze', ['verify', at('parapet-agent-helper.socket'), at('parapet-agent-helper.service')], {
      encoding: 'utf8',
    })
    expect([verified.status, verified.stdout, verified.stderr]).toEqual([0, '', ''])
    const { status, stdout } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', `--threshold=${most}`, at('parapet-agent-helper.service')],
      { encoding: 'utf8' },
    )
    console.log(stdout.split('\n').findLast((line) => line.includes('exposure level')))
    expect(status).toBe(0)
  })

  it('starts what it should, whatever the path is called', () => {
    const text = unitText({ node: '/opt/n o/node', program: '/opt/100%/$HOME"x', config: '/etc/a.yml', stateDir: '/var/lib/x', user: 'u' })
    expect(text).toContain(
      String.raw`ExecStart="/opt/n o/node" --max-semi-space-size=2 --optimize-for-size "/opt/100%%/$$HOME\"x" run --config "/etc/a.yml"`,
    )
    expect(existsSync('/etc/systemd/system/parapet-agent.service')).toBe(false)
  })
})
