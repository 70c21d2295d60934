import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { needs } from '@parapet/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AgentPlace, createAgentPlace, until } from '../fixtures/agent-place.js'
import { deny, helperOn, lifted } from '../fixtures/host-enforcer.js'
import { createHostNetwork, type HostNetwork } from '../fixtures/host-network.js'
import { agentMain } from '../program/main.js'

const here = needs('root', 'network namespaces', 'nft', 'ip')

describe.skipIf(!here.ok)(`an agent that enforces${here.note}`, () => {
  let network: HostNetwork
  let place: AgentPlace
  let file = ''
  let agents: ChildProcess[] = []
  beforeAll(async () => {
    network = await createHostNetwork()
  })
  beforeEach(async () => {
    place = await createAgentPlace()
    file = join(place.folder, 'agent.yml')
    writeFileSync(
      file,
      `stateDir: ${place.stateDir}\nname: web-1\nfacts: {enabled: false}\nfiles: [{path: ${place.logs}/*.log, from: start}]\nenforce: {helper: ${place.folder}/none, nftables: {mode: enforce}, nginx: {mode: 'off'}}\n`,
    )
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    for (const agent of agents.splice(0)) {
      if (agent.exitCode !== null || agent.signalCode !== null) continue
      const gone = once(agent, 'exit')
      agent.kill(signal)
      await gone
    }
  }
  afterEach(async () => {
    await end('SIGTERM')
    await place.remove()
    network.nft('flush ruleset')
  })
  afterAll(() => network.remove())

  const start = async (): Promise<void> => {
    const program = fileURLToPath(new URL('../fixtures/agent-program.ts', import.meta.url))
    const agent = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', program, file, ...helperOn(network, file)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    agents.push(agent)
    let said = ''
    agent.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await until(() => said.includes('running\n'), 'the agent runs', 30_000)
  }
  const isHeld = (address: string): boolean => {
    try {
      network.on('nft', '-c', 'delete', 'element', 'inet', 'parapet', 'ban4', `{ ${address} }`)
      return true
    } catch {
      return false
    }
  }
  const becomes = async (from: string, reaches: boolean, ms = 30_000): Promise<void> => {
    const deadline = Date.now() + ms
    while ((await network.reaches(from)) !== reaches)
      if (Date.now() > deadline) throw new Error(`${from} is not ${reaches ? 'let in' : 'dropped'} within ${ms} ms`)
    expect(await network.reaches(from)).toBe(reaches)
  }

  it('does what the control plane decides, takes it back when that is lifted, and says what it holds', async () => {
    const [ban, range] = [deny('203.0.113.7'), deny('2001:db8:66:1::/64')]
    place.server.decide(deny('198.51.100.1'), ban)
    await start()
    await becomes('203.0.113.7', false)
    place.server.decide(range)
    await becomes('2001:db8:66:1::9', false, 15_000)
    await until(() => place.server.reports.some(({ wanted, held }) => wanted >= 1 && held === wanted), 'a report of what is held', 20_000)
    place.server.decide(lifted(ban), lifted(range))
    await becomes('203.0.113.7', true, 15_000)
    await becomes('2001:db8:66:1::9', true, 15_000)
    expect(place.server.faults).toEqual([])
  }, 120_000)

  it('enforces from the first second after a kill, with a dead control plane and a ruleset that another hand flushed', async () => {
    const [ban, gone] = [deny('203.0.113.7'), deny('203.0.113.8')]
    place.server.decide(ban, gone)
    await start()
    await becomes('203.0.113.7', false)
    place.server.decide(lifted(gone))
    await becomes('203.0.113.8', true, 15_000)
    // what was decided is on disk a moment later
    await until(() => readFileSync(join(place.stateDir, 'decisions.ndjson'), 'utf8').includes('"lifted"'), 'the lift is kept')
    await end('SIGKILL')
    // nobody is there: the kernel holds
    expect(await network.reaches('203.0.113.7')).toBe(false)
    place.server.fail(0)
    network.nft('flush ruleset')
    expect(await network.reaches('203.0.113.7')).toBe(true)
    await start()
    await becomes('203.0.113.7', false, 15_000)
    expect(await network.reaches('203.0.113.8')).toBe(true)
    // it lives again, and something was decided meanwhile
    place.server.decide(deny('203.0.113.9'), lifted(ban))
    place.server.fail(undefined)
    await becomes('203.0.113.9', false, 20_000)
    expect(await network.reaches('203.0.113.7')).toBe(true)
  }, 150_000)

  it('lets its owner back in from the console, with one command and no server, and holds again when he says so', async () => {
    place.server.decide(deny('203.0.113.7'))
    await start()
    await becomes('203.0.113.7', false)
    const [command, ...words] = network.host
    const program = fileURLToPath(new URL('../fixtures/agent-main.ts', import.meta.url))
    const run = async (...args: readonly string[]): Promise<number | null> => {
      const child = spawn(
        command,
        [...words, process.execPath, '--conditions=source', '--import', 'tsx', program, ...args, '--config', file],
        { stdio: 'ignore' },
      )
      return ((await once(child, 'exit')) as [number | null])[0]
    }
    expect(await run('release', '--for', '1h')).toBe(0)
    expect(await network.reaches('203.0.113.7')).toBe(true)
    // and the agent, which lives, leaves it so
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(await network.reaches('203.0.113.7')).toBe(true)
    expect(network.on('nft', 'list', 'tables')).not.toContain('parapet')
    expect(await run('release', '--end')).toBe(0)
    await becomes('203.0.113.7', false, 30_000)
    const said: string[] = []
    const io = { out: () => undefined, err: (text: string) => void said.push(text), stopped: () => Promise.resolve() }
    expect(await agentMain(['release', '--for', 'ever', '--config', file], io)).toBeGreaterThan(1)
    expect(said.join()).toContain('is no duration')
  }, 150_000)

  it('drops an attacker a moment after the line that gave him away, beside ten thousand that are held', async () => {
    place.server.decide(...Array.from({ length: 10_000 }, (_, i) => deny(`10.1.${i >> 8}.${i & 255}`)))
    await start()
    await until(() => place.server.reports.some(({ held }) => held === 10_000), 'the held ones', 30_000)
    const took: number[] = []
    for (let n = 0; n < 20; n++) {
      const attacker = `203.0.113.${100 + n}`
      const from = Date.now()
      const line = `${new Date(from).toISOString()} web-1 sshd[7]: Failed password for root from ${attacker} port 22 ssh2\n`
      appendFileSync(join(place.logs, 'auth.log'), line.repeat(6))
      const named = (): boolean => [...place.server.alerts.values()].some(({ targets }) => targets.includes(attacker))
      // as the control plane answers: at once
      await until(named, 'the alert', 20_000)
      place.server.decide(deny(attacker))
      await until(() => isHeld(attacker), 'the element', 20_000)
      took.push(Date.now() - from)
    }
    const sorted = took.toSorted((a, b) => a - b)
    console.log(`from the line to the element with 10,000 held: median ${sorted[10]} ms, most ${sorted.at(-1)} ms`)
    // on a quiet machine the median is a quarter of a second; what is asked for here holds on one that is not
    expect(sorted[10]).toBeLessThan(3_000)
  }, 120_000)

  it('says in its status what it holds', async () => {
    place.server.decide(deny('203.0.113.7'), deny('0.0.0.0/0'))
    await start()
    await becomes('203.0.113.7', false)
    const lines: string[] = []
    await until(() => readFileSync(join(place.stateDir, 'status.json'), 'utf8').includes('"kind":"nftables"'), 'a status', 20_000)
    await agentMain(['status', '--config', file], {
      out: (text) => void lines.push(text),
      err: (text) => void lines.push(text),
      stopped: () => Promise.resolve(),
    })
    expect(lines.join('\n')).toMatch(/nftables {2}enforce {2}holds \d of \d decisions, up to revision \d+/)
  }, 120_000)
})
