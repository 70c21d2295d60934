import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AlertView, EnrolmentMade, Page, SourceHealth, StoredEvent } from '@parapet/core'
import { freePort } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromSource, startAgentProgram } from './support/agent.js'
import { api, createPlace, root } from './support/control-plane.js'
import { eventually, type Program, run, startProgram } from './support/processes.js'

describe('an agent and the control plane', () => {
  const place = createPlace('agent')
  const state = join(place.path, 'state')
  const config = join(place.path, 'agent.yml')
  const log = join(place.path, 'auth.log')
  const programs: Program[] = []
  let url = ''
  let admin = ''
  let agent: Program
  const agentMain = (...args: readonly string[]): string => {
    const [command, ...words] = fromSource('tests/e2e/support/agent-main.ts')
    return run(command, ...words, ...args)
  }
  const host = async (): Promise<SourceHealth | undefined> =>
    (await api<{ items: readonly SourceHealth[] }>(`${url}/v1/sources`, { token: admin })).items.find(({ name }) => name === 'web-1')

  beforeAll(async () => {
    const port = await freePort()
    url = `http://localhost:${port}`
    const [command, ...args] = fromSource('tests/e2e/support/server-main.ts')
    const server = startProgram(command, [...args, 'serve'], {
      cwd: root,
      env: { PARAPET_DATA_DIR: join(place.path, 'data'), PARAPET_PORT: String(port) },
    })
    programs.push(server)
    await server.waitFor(/listening {2}/, 120_000)
    admin = readFileSync(join(place.path, 'data/local-token'), 'utf8').trim()
    writeFileSync(config, `name: web-1\nstateDir: ${state}\nfiles: [{path: ${log}, format: sshd, from: start}]\nfacts: {setuidPaths: []}\n`)
  }, 150_000)
  afterAll(async () => {
    for (const program of programs.toReversed()) await program.stop()
    place.remove()
  }, 60_000)

  it('is let in once by the command that the console shows', async () => {
    const made = await api<EnrolmentMade>(`${url}/v1/enrolments`, { token: admin, body: { name: 'web-1' } })
    expect(made.command).toMatch(/^parapet agent install --server \S+ --token ppe_\S+$/)
    expect(agentMain('enrol', '--server', url, '--token', made.token, '--config', config)).toContain('web-1 is enrolled at')
    expect(() => agentMain('enrol', '--server', url, '--token', made.token, '--config', config)).toThrow('PPT_CONFLICT')
    expect(JSON.stringify(await api(`${url}/v1/enrolments`, { token: admin }))).not.toContain(made.token)
  }, 60_000)

  it('sends lines, alerts and a living sign of itself, all of which the control plane takes', async () => {
    agent = await startAgentProgram(config)
    programs.push(agent)
    writeFileSync(
      log,
      Array.from(
        { length: 8 },
        (_, n) =>
          `${new Date(Date.now() - 8_000 + n * 1_000).toISOString()} web-1 sshd[7]: Failed password for root from 203.0.113.44 port 22 ssh2\n`,
      ).join(''),
    )
    await eventually(
      async () =>
        (await api<Page<StoredEvent>>(`${url}/v1/events?address=203.0.113.44`, { token: admin })).items.length === 8 ? true : undefined,
      'eight events',
      30_000,
      200,
    )
    const alert = await eventually(
      async () =>
        (await api<Page<AlertView>>(`${url}/v1/alerts`, { token: admin })).items.find(({ targets }) => targets.includes('203.0.113.44')),
      'an alert',
      30_000,
      200,
    )
    expect(alert.sources.map(({ name }) => name)).toEqual(['web-1'])
    const seen = await eventually(
      async () => {
        const source = await host()
        return (source?.agent?.alerts ?? 0) > 0 ? source : undefined
      },
      'a heartbeat that counts the alert',
      40_000,
      500,
    )
    expect(seen).toMatchObject({ kind: 'host', state: 'live' })
    expect(seen.agent).toMatchObject({ host: 'web-1', state: 'live', spool: { dropped: 0 } })
    expect(seen.agent?.inputs.find(({ name }) => name === `file:${log}`)).toMatchObject({ format: 'sshd', lines: 8, events: 8, unknown: 0 })
    expect(agent.output()).not.toContain('warn')
  }, 120_000)

  it('says how it does to who asks on the host', () => {
    const said = agentMain('status', '--config', config)
    expect(said).toMatch(/^running {2}web-1/)
    expect(said).toContain(`input  file:${log}  sshd  8 lines, 8 events, 0 unknown`)
  }, 30_000)

  it('stops as it should, and is told of as not running', async () => {
    expect(await agent.stop()).toBe(0)
    expect(() => agentMain('status', '--config', config)).toThrow('Command failed')
    await eventually(
      async () => {
        const { items } = await api<Page<StoredEvent>>(`${url}/v1/events?limit=200`, { token: admin })
        return items.some(({ event }) => event['event.action'] === 'agent-stopped') ? true : undefined
      },
      'its last word',
      10_000,
      200,
    )
  }, 60_000)
})
