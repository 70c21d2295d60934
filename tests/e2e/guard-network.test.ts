import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace } from './support/control-plane.js'
import type { Answered, Plan, Planned } from './support/many-clients.js'
import { createNetwork, type Network } from './support/network.js'
import { startNginx } from './support/nginx.js'
import { type Program, run, startProgram } from './support/processes.js'

const here = needs('root', 'network namespaces', 'nginx')
const script = (name: string): string => fileURLToPath(new URL(`support/${name}`, import.meta.url))
const RUN = ['node', '--conditions=source', '--import', 'tsx'] as const

describe.skipIf(!here.ok)(`a guarded site behind nginx, and who is who on its network${here.note}`, () => {
  const place = createPlace('guard-network')
  let network: Network
  let site: Program
  let edge: Program
  let nginx: Program
  let edgeNginx: Program
  let plans = 0

  const on = (host: string, ...words: readonly string[]): string => {
    const [command, ...prefix] = network.on(host)
    return run(command, ...prefix, ...words)
  }
  /** Plays requests from a host; one list of answers for each request with what followed it. */
  const play = (host: string, requests: readonly Planned[], atATime = 12): readonly (readonly Answered[])[] => {
    const path = join(place.path, `plan-${plans++}.json`)
    const plan: Plan = { atATime, requests }
    writeFileSync(path, JSON.stringify(plan))
    return JSON.parse(on(host, ...RUN, script('many-clients.ts'), path)) as readonly (readonly Answered[])[]
  }
  const web = (path: string, family: 4 | 6 = 4): string =>
    `http://${family === 4 ? network.address('web') : `[${network.address6('web')}]`}${path}`
  const login = (username: string, password: string, more: Partial<Planned> = {}, family: 4 | 6 = 4): Planned => ({
    url: web('/login', family),
    form: { username, password },
    ...more,
  })
  const count = (answers: readonly (readonly Answered[])[]): Record<string, number> => {
    const counts: Record<string, number> = {}
    for (const { verdict, status } of answers.flat()) {
      const name = verdict === '' ? String(status) : verdict
      counts[name] = (counts[name] ?? 0) + 1
    }
    return counts
  }
  const seenAs = (host: string, requests: readonly Planned[]): readonly unknown[] =>
    play(host, requests, 1).map(([answer]) => JSON.parse(answer?.body ?? '{}') as unknown)
  const figures: string[] = []
  const note = (line: string): void => {
    figures.push(line)
  }

  beforeAll(async () => {
    network = createNetwork(['web', 'office', 'attacker', 'victim', 'bystander'])
    // the attacker may use every address of a /64 and, as a botnet would, of 198.18.0.0/15 and of a /40
    on('attacker', 'sh', '-c', 'echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind')
    on('attacker', 'ip', '-6', 'route', 'add', 'local', '2001:db8:6400::/40', 'dev', 'lo')
    on('attacker', 'ip', 'route', 'add', 'local', '198.18.0.0/15', 'dev', 'lo')
    on('web', 'ip', '-6', 'route', 'add', '2001:db8:6400::/40', 'via', network.address6('attacker'))
    on('web', 'ip', 'route', 'add', '198.18.0.0/15', 'via', network.address('attacker'))
    const [command, ...prefix] = network.on('web')
    const start = (port: string, host: string, topology: unknown): Program =>
      startProgram(command, [
        ...prefix,
        ...RUN,
        script('guard-site.ts'),
        port,
        host,
        JSON.stringify(topology),
        `http://${network.address('web')}`,
      ])
    site = start('3000', '127.0.0.1', { trusted: ['127.0.0.1'] })
    edge = start('3001', '0.0.0.0', { cdn: 'cloudflare', ranges: ['127.0.0.1'] })
    await Promise.all([site.waitFor(/listening/), edge.waitFor(/listening/)])
    mkdirSync(join(place.path, 'nginx'), { recursive: true })
    nginx = await startNginx({
      prefix: network.on('web'),
      place: join(place.path, 'nginx'),
      listen: [network.address('web'), network.address6('web')],
      upstream: '127.0.0.1:3000',
    })
    // stands for an edge of a content delivery network: it names its client in a header of its own
    edgeNginx = await startNginx({
      prefix: network.on('web'),
      place: join(place.path, 'edge'),
      listen: ['127.0.0.2'],
      upstream: '127.0.0.1:3001',
      headers: ['CF-Connecting-IP $remote_addr'],
    })
  }, 60_000)

  afterAll(async () => {
    await nginx?.stop()
    await edgeNginx?.stop()
    await site?.stop()
    await edge?.stop()
    network?.remove()
    place.remove()
    process.stdout.write(`${figures.map((line) => `  ${line}`).join('\n')}\n`)
  }, 60_000)

  it('names each client by its own address through nginx, whatever headers he sends', () => {
    const forged = {
      'x-forwarded-for': '127.0.0.1, 198.51.100.77',
      forwarded: 'for=198.51.100.77',
      'cf-connecting-ip': '198.51.100.77',
      'true-client-ip': '198.51.100.77',
      'x-real-ip': '198.51.100.77',
    }
    const kinds = [{}, forged, { 'x-forwarded-for': 'junk, , ,' }, { 'x-forwarded-for': '10.0.0.1,'.repeat(200) }]
    const asked = [4, 6] as const
    const seen = seenAs(
      'attacker',
      asked.flatMap((family) => kinds.map((headers) => ({ url: web('/', family), headers }))),
    )
    const four = { kind: 'known', address: network.address('attacker'), key: network.address('attacker') }
    const six = { kind: 'known', address: network.address6('attacker'), key: '2001:db8:51::/64' }
    expect(seen).toEqual([...kinds.map(() => four), ...kinds.map(() => six)])
  })

  it('believes an edge of the network before it, and nobody who comes past it', () => {
    const headers = { 'cf-connecting-ip': '198.51.100.77', 'x-forwarded-for': '198.51.100.77' }
    const past = { url: `http://${network.address('web')}:3001/`, headers }
    expect(seenAs('attacker', [past])).toMatchObject([{ kind: 'known', address: network.address('attacker') }])
    // through the edge, which overwrites what its client sent
    expect(seenAs('web', [{ url: 'http://127.0.0.2/', headers }])).toMatchObject([{ address: '127.0.0.1' }])
  })

  it('loses nobody of an office of 500 behind one address with 20 typing errors in a morning', () => {
    const morning = Array.from({ length: 500 }, (_, i) => {
      const right = login(`user${i}`, `pw-user${i}`)
      return i % 25 === 0 ? login(`user${i}`, `pw-usr${i}`, { next: right }) : right
    })
    const began = Date.now()
    const answers = play('office', morning)
    const counts = count(answers)
    note(`office: 500 people behind one address, 20 typing errors: ${JSON.stringify(counts)} in ${Date.now() - began} ms`)
    expect(counts).toEqual({ ok: 500, failed: 20 })
    expect(answers.every((list) => list.at(-1)?.verdict === 'ok')).toBe(true)
  }, 60_000)

  it('gives an attacker who rotates through a /64 nothing: he gets as far as with one address', () => {
    const spray = (names: string, from: (i: number) => string): readonly Planned[] =>
      Array.from({ length: 300 }, (_, i) => login(`${names}${i}`, 'Summer2026!', { from: from(i) }, 6))
    const rotate = (i: number): string => `2001:db8:6401:1::${(i + 1).toString(16)}:${((i * 7_919) & 0xffff).toString(16)}`
    const answers = play('attacker', [...spray('rotating', rotate), ...spray('single', () => '2001:db8:6402:1::1')], 1)
    const [rotating, single] = [count(answers.slice(0, 300)), count(answers.slice(300))]
    note(`spraying: 300 names from 300 addresses of a /64: ${JSON.stringify(rotating)}; from one address: ${JSON.stringify(single)}`)
    // what failed was checked: five names, and then the door is shut
    expect(single).toEqual({ failed: 5, locked: 295 })
    expect(rotating).toEqual(single)
  }, 60_000)

  it('counts a /64 as one client at the rate limit too', () => {
    const pages = (from: (i: number) => string): readonly Planned[] =>
      Array.from({ length: 200 }, (_, i) => ({ url: web('/', 6), from: from(i) }))
    const answers = play('attacker', [...pages((i) => `2001:db8:6403:1::${(i + 1).toString(16)}`), ...pages(() => '2001:db8:6404:1::1')], 4)
    const [rotating, single] = [count(answers.slice(0, 200)), count(answers.slice(200))]
    note(`rate limit: 200 requests from 200 addresses of a /64: ${JSON.stringify(rotating)}; from one address: ${JSON.stringify(single)}`)
    for (const { '200': passed = 0, '429': limited = 0 } of [rotating, single]) {
      expect(passed + limited).toBe(200)
      // 120 at once, and what flows back while the requests run
      expect(passed).toBeGreaterThanOrEqual(120)
      expect(passed).toBeLessThanOrEqual(160)
    }
  }, 60_000)

  it('lets a victim whose name is attacked from everywhere sign in from his own device, and nobody else', () => {
    const first = play('victim', [login('user7', 'pw-user7')])[0]?.[0]
    expect(first?.verdict).toBe('ok')
    expect(first?.cookie).toMatch(/^device=/)
    const attack = Array.from({ length: 600 }, (_, i) =>
      i % 2 === 0
        ? login('user7', `guess${i}`, { from: `198.${18 + ((i >> 1) & 1)}.${i % 251}.${1 + ((i * 7) % 250)}` })
        : login('user7', `guess${i}`, { from: `2001:db8:64${(i % 250).toString(16).padStart(2, '0')}:${i.toString(16)}::1` }, 6),
    )
    const counts = count(play('attacker', attack))
    note(`victim: 600 guesses from 600 addresses and /64s: ${JSON.stringify(counts)}`)
    expect(counts).toEqual({ failed: 5, locked: 595 })
    // the right password from a strange device meets the lock, and the answer does not say so
    const strange = play('bystander', [login('user7', 'pw-user7'), login('user7', 'wrong')]).flat()
    expect(strange.map(({ verdict }) => verdict)).toEqual(['locked', 'locked'])
    expect(new Set(strange.map(({ status, body }) => `${status} ${body}`))).toEqual(new Set(['401 wrong']))
    // his own device is let in, from wherever it is used now
    const headers = { cookie: first?.cookie ?? '' }
    const home = play('victim', [login('user7', 'pw-user7', { headers }), { url: web('/checked') }], 1).flat()
    expect(home[0]?.verdict).toBe('ok')
    // the site itself has counted no more checks than it told: of the office, the sprays, the guesses and the victim
    expect(home[1]?.body).toBe(String(520 + 2 * 5 + 1 + 5 + 1))
    expect(play('office', [login('user7', 'pw-user7', { headers })])[0]?.[0]?.verdict).toBe('ok')
  }, 60_000)
})
