import { appendFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { accessLine, type AgentPlace, createAgentPlace, until } from '../fixtures/agent-place.js'
import { AGENT_TOKEN } from '../fixtures/control-plane.js'

const places: AgentPlace[] = []
afterEach(async () => {
  for (const place of places.splice(0)) await place.remove()
})
const createPlace = async (): Promise<AgentPlace> => {
  const place = await createAgentPlace()
  places.push(place)
  return place
}
const paths = ({ server }: AgentPlace): string[] => [...server.events.values()].flatMap((event) => event['url.path'] ?? []).toSorted()
const actions = ({ server }: AgentPlace, dataset: string): string[] =>
  [...server.events.values()].filter((event) => event['event.dataset'] === dataset).map((event) => String(event['event.action']))
const failedLogin = (n: number, user = 'root'): string =>
  `Nov 22 11:${String(10 + Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')} web-1 sshd[${1000 + n}]: Failed password for ${user} from 203.0.113.9 port ${40_000 + n} ssh2\n`

describe('an agent', () => {
  it('sends what appears in a log within the second, with the name of the host, and says that it lives', async () => {
    const place = await createPlace()
    const agent = await place.start()
    writeFileSync(join(place.logs, 'access.log'), accessLine(1))
    const began = Date.now()
    await until(() => paths(place).length === 1, 'the line arrived')
    expect(Date.now() - began).toBeLessThan(3_000)
    expect([...place.server.events.values()].find((event) => event['url.path'] === '/line/1')).toMatchObject({ 'host.name': 'web-1' })
    await until(() => place.server.heartbeats.some(({ inputs }) => inputs.some(({ events }) => events === 1)), 'a heartbeat counted it')
    expect(agent.health().inputs.find(({ name }) => name.startsWith('file:'))).toMatchObject({
      format: 'nginx.access',
      lines: 1,
      unknown: 0,
    })
    expect(place.server.faults).toEqual([])
    expect(actions(place, 'host.agent')).toEqual(['agent-started'])
  })

  it('goes on where it was after it was stopped, and tells that it stopped', async () => {
    const place = await createPlace()
    const file = join(place.logs, 'access.log')
    writeFileSync(file, accessLine(1))
    const agent = await place.start()
    await until(() => paths(place).length === 1, 'the first line')
    await agent.stop()
    expect(actions(place, 'host.agent')).toContain('agent-stopped')
    appendFileSync(file, accessLine(2))
    renameSync(file, `${file}.1`)
    writeFileSync(file, accessLine(3))
    await place.start()
    await until(() => paths(place).length === 3, 'the lines of the time between')
    expect(paths(place)).toEqual(['/line/1', '/line/2', '/line/3'])
    expect(place.server.deliveries()).toBe(place.server.events.size)
  })

  it('keeps everything on disk while the control plane is away, also over its own end, and sends it later', async () => {
    const place = await createPlace()
    place.server.fail(0)
    const file = join(place.logs, 'access.log')
    const agent = await place.start()
    writeFileSync(file, Array.from({ length: 500 }, (_, i) => accessLine(i)).join(''))
    await until(() => agent.health().spool.events >= 400, 'the spool holds them', 5_000)
    await agent.stop()
    expect(place.server.events.size).toBe(0)
    place.server.fail(undefined)
    const again = await place.start()
    await until(() => paths(place).length === 500, 'all arrived')
    await until(() => again.health().spool.events === 0, 'nothing waits any more')
    expect(again.health().spool.dropped).toBe(0)
  })

  it('masks what leaves the host, and shows the token to nobody', async () => {
    const place = await createPlace()
    writeFileSync(join(place.logs, 'access.log'), accessLine(1).replace('/line/1', '/line/1?password=Tr0ub4dor-and-3'))
    await place.start()
    await until(() => paths(place).length === 1, 'the line')
    const everything = JSON.stringify([
      [...place.server.events.values()],
      place.server.heartbeats,
      place.said,
      readFileSync(join(place.stateDir, 'checkpoint.json'), 'utf8'),
    ])
    expect(everything).not.toContain('Tr0ub4dor')
    expect(everything).not.toContain(AGENT_TOKEN)
    for (const name of ['identity.json', 'checkpoint.json', 'status.json'])
      await until(() => (statSync(join(place.stateDir, name)).mode & 0o077) === 0, `${name} is closed to others`)
  })

  it('detects what this host alone decides, and sends the alert after its events', async () => {
    const place = await createPlace()
    const agent = await place.start()
    writeFileSync(join(place.logs, 'auth.log'), Array.from({ length: 8 }, (_, i) => failedLogin(i)).join(''))
    await until(() => place.server.alerts.size > 0, 'an alert')
    const [alert] = place.server.alerts.values()
    expect(alert?.targets).toContain('203.0.113.9')
    expect(alert?.events.length).toBeGreaterThan(3)
    expect(place.server.faults).toEqual([])
    expect(agent.health()).toMatchObject({ rules: { problems: 0 } })
    expect(agent.health().rules.running).toBeGreaterThan(10)
  })

  it('keeps only the datasets that it was told to', async () => {
    const place = await createPlace()
    writeFileSync(join(place.logs, 'access.log'), accessLine(1))
    writeFileSync(join(place.logs, 'auth.log'), failedLogin(1))
    await place.start(`datasets: [sshd]\nfiles: [{path: ${place.logs}/*.log, from: start}]`)
    await until(() => actions(place, 'sshd').length === 1, 'the sign-in')
    expect(paths(place)).toEqual([])
  })

  it('refuses a folder that another agent works on, and takes over one whose agent died', async () => {
    const place = await createPlace()
    const agent = await place.start()
    writeFileSync(join(place.stateDir, 'lock'), `1 ${readFileSync('/proc/1/stat', 'utf8').split(') ')[1]?.split(' ')[19] ?? ''}`)
    await expect(place.start()).rejects.toMatchObject({ code: 'PPT_CONFLICT' })
    await agent.stop()
    writeFileSync(join(place.stateDir, 'lock'), '1 12345')
    await expect(place.start()).resolves.toBeDefined()
  })

  it('reads files anew when its positions are damaged, says so, and makes no second events of what it finds', async () => {
    const place = await createPlace()
    writeFileSync(join(place.logs, 'access.log'), accessLine(1))
    const agent = await place.start()
    await until(() => paths(place).length === 1, 'the line')
    await agent.stop()
    writeFileSync(join(place.stateDir, 'checkpoint.json'), '{"version":1,"files"')
    await place.start(`files: [{path: ${place.logs}/*.log}]`)
    await until(() => place.said.some((text) => text.includes('cannot be read')), 'it was said')
    appendFileSync(join(place.logs, 'access.log'), accessLine(2))
    await until(() => paths(place).includes('/line/2'), 'it reads on')
    expect(paths(place)).toEqual(['/line/1', '/line/2'])
  })
})
