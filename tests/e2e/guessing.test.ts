import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { findProgram, freePort, needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, root } from './support/control-plane.js'
import type { GuessedStudio, Resident, Tally } from './support/guessed-studio.js'
import type { Guessed, GuessPlan, Try } from './support/guesser.js'
import { createHonest, emptyFigures, type Habit, type Honest, type HonestFigures } from './support/honest.js'
import { eventually, type Program, startProgram } from './support/processes.js'

const here = needs('hydra')
const script = (name: string): string => fileURLToPath(new URL(`support/${name}`, import.meta.url))
const NODE = ['--conditions=source', '--import', 'tsx'] as const

/**
 * What guessers try first, and then the passwords of this studio's people: each right one stands in the list, behind as many words as hydra
 * has tasks, which start in no order.
 */
const FIRST = ['Summer2026!', 'Welcome1', 'Password123', 'studio2026', 'Qwertz123!', 'letmein2026']
const passwordOf = (name: string): string => `${name} keeps bees in the attic`
const resident = (name: string): Resident => ({ email: `${name}@studio.example`, password: passwordOf(name) })
const named = (name: string, count: number): Resident[] => Array.from({ length: count }, (_, i) => resident(`${name}-${i}`))

const HABITS: readonly Habit[] = [
  ...Array.from({ length: 8 }, () => 'stays' as const),
  ...Array.from({ length: 6 }, () => 'known browser' as const),
  ...Array.from({ length: 6 }, () => 'new browser' as const),
]
const people = named('honest', 20)
/** everybody whose browser is known; the names of the other six are kept out of the attack, and what they would meet is asked apart */
const attackedHonest = people.filter((_, i) => HABITS[i] !== 'new browser')
const [onePerson] = people.slice(8)
const others = named('other', 40)
const nobody = named('nobody', 80)
const spare = resident('spare')

/** Thousands of networks: even tries from 198.18.0.0/15, odd ones from a /64 each. */
const addressOf = (i: number): string =>
  i % 2 === 0
    ? `198.${18 + ((i >> 17) & 1)}.${(i >> 9) & 255}.${(i >> 1) & 255}`
    : `2001:db8:${(0x6400 + (i >> 12)).toString(16)}:${(i & 0xfff).toString(16)}::1`

const half = (values: readonly number[], share: number): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0
const pages = (figures: HonestFigures): string =>
  `p50 ${half(figures.pages, 0.5).toFixed(0)} ms, p95 ${half(figures.pages, 0.95).toFixed(0)} ms`

describe.skipIf(!here.ok)(`guessing at the studio, fast and slow${here.note}`, () => {
  const place = createPlace('guessing')
  const lists = join(place.path, 'lists')
  const figures: string[] = []
  const note = (line: string): void => void figures.push(line)
  let site: Program
  let port = 0
  let tallyPort = 0
  let plans = 0

  const tally = async (): Promise<Tally> => (await (await fetch(`http://127.0.0.1:${tallyPort}`)).json()) as Tally
  /** Runs a program to its end and gives what it printed. */
  const finish = (command: string, args: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = spawn(command, [...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
      child.on('error', reject)
      child.on('close', () => resolve(said))
    })
  const distributed = async (tries: readonly Try[], atATime: number): Promise<Guessed> => {
    const path = join(lists, `plan-${plans++}.json`)
    const plan: GuessPlan = { port, atATime, tries }
    writeFileSync(path, JSON.stringify(plan))
    return JSON.parse(await finish(process.execPath, [...NODE, script('guesser.ts'), path])) as Guessed
  }
  /** hydra from one address; what it takes for found. A redirect is a success: whatever fails is answered without one */
  const hydra = async (names: readonly Resident[], words: readonly string[], from: string): Promise<readonly string[]> => {
    const [users, list] = [join(lists, `users-${plans}`), join(lists, `words-${plans++}`)]
    writeFileSync(users, names.map(({ email }) => email).join('\n'))
    writeFileSync(list, words.join('\n'))
    const form = `/sign-in:email=^USER^&password=^PASS^&next=:g=:H=X-Forwarded-For\\: ${from}:S=Location`
    const said = await finish(findProgram('hydra') ?? 'hydra', ['-I', '-L', users, '-P', list, '-t', '16', '-s', String(port), '127.0.0.1', 'http-post-form', form]) // prettier-ignore
    if (!/\d of 1 target/.test(said)) throw new Error(`hydra did not finish:\n${said.slice(-2_000)}`)
    return said.split('\n').filter((line) => line.includes('login: '))
  }
  const oneTry = async ({ email, password }: Resident, from: string): Promise<number> => {
    const headers = { 'x-forwarded-for': from }
    const answer = await fetch(`http://127.0.0.1:${port}/sign-in`, { method: 'POST', headers, redirect: 'manual', body: new URLSearchParams({ email, password }) }) // prettier-ignore
    await answer.arrayBuffer()
    return answer.status
  }

  beforeAll(async () => {
    mkdirSync(lists)
    ;[port, tallyPort] = [await freePort(), await freePort()]
    const plan: GuessedStudio = { port, tallyPort, dataDir: join(place.path, 'data'), people: [...people, ...others, spare] }
    writeFileSync(join(lists, 'studio.json'), JSON.stringify(plan))
    // from its folder, where tsx finds how its pages are compiled
    site = startProgram(process.execPath, [...NODE, script('guessed-studio.ts'), join(lists, 'studio.json')], {
      cwd: join(root, 'examples/studio'),
    })
    await site.waitFor(/counting/, 90_000)
  }, 120_000)
  afterAll(async () => {
    await site?.stop()
    place.remove()
    process.stdout.write(`${figures.map((line) => `  ${line}`).join('\n')}\n`)
  }, 60_000)

  it('finds what hydra and the script would find: both get an account whose password stands among the first', async () => {
    expect(await hydra([spare], [...FIRST.slice(0, 2), spare.password], '203.0.113.1')).toHaveLength(1)
    const tries = [
      { ...spare, password: 'x', from: addressOf(0) },
      { ...spare, from: addressOf(1) },
    ]
    expect((await distributed(tries, 1)).got).toEqual([tries[1]])
  })

  it('gives nobody an account in more than 10,000 tries, while twenty honest people go on with their work [ASVS 6.3.1]', async () => {
    const honest: readonly Honest[] = people.map((one, i) => createHonest(`http://localhost:${port}`, one, HABITS[i] ?? 'stays', i))
    const [quiet, under] = [emptyFigures(), emptyFigures()]
    const until = Date.now() + 12_000
    await Promise.all(honest.map((one) => one.live(quiet, () => Date.now() < until)))
    expect(quiet.trouble).toEqual([])

    const before = await tally()
    const words = [...FIRST, ...Array.from({ length: 1_194 }, (_, i) => `${FIRST[i % FIRST.length]}${i}`)]
    const names = [...attackedHonest, ...others, ...nobody]
    // all names with one word, then all with the next: the seventh to be tried is right, for those who exist
    const many = Array.from({ length: 32 }, (_, round) => round).flatMap((round) =>
      names.map(({ email, password }, i) => ({
        email,
        password: round === 6 ? password : (words[round] ?? ''),
        from: addressOf(10_000 + round * names.length + i),
      })),
    )
    const one = Array.from({ length: 2_000 }, (_, i) => ({
      email: onePerson?.email ?? '',
      password: i === 40 ? (onePerson?.password ?? '') : (words[i % words.length] ?? ''),
      from: addressOf(2 + i),
    }))
    const [first] = others
    const began = performance.now()
    let isAttacked = true
    const living = Promise.all(honest.map((person) => person.live(under, () => isAttacked)))
    const [byHydra, byHydraOfMany, fromAll, atOne] = await Promise.all([
      hydra([first ?? spare], [...words.slice(0, 40), first?.password ?? '', ...words.slice(40, 1_200)], '203.0.113.10'),
      hydra(others, [...words.slice(0, 40), ...others.map(({ password }) => password)], '203.0.113.11'),
      distributed(many, 24),
      distributed(one, 12),
    ])
    const seconds = (performance.now() - began) / 1_000
    isAttacked = false
    await living
    const after = await tally()

    const attempts = (of: Tally): number => Object.values(of.outcomes).reduce((sum, count) => sum + count, 0)
    const honestTries = under.signInsTried + under.typos
    const tries = attempts(after) - attempts(before) - honestTries
    const hashes = after.hashes - before.hashes - honestTries
    const got = [...byHydra, ...byHydraOfMany, ...fromAll.got, ...atOne.got]
    note(
      `tries: ${tries} in ${seconds.toFixed(0)} s (hydra from two addresses, ${many.length + one.length} from as many networks); accounts got: ${got.length}`,
    )
    note(
      `reached the password hash: ${hashes} of ${tries} (${names.length} names, five each); answers to the script: ${JSON.stringify([fromAll.statuses, atOne.statuses])}`,
    )
    note(
      `honest people: ${under.signInsTried} sign-ins tried, ${under.signInsTried - under.signInsRefused} succeeded, ${under.typos} typing errors, ${under.pages.length} pages, ${under.trouble.length} refused`,
    )
    note(
      `honest pages: without attack ${pages(quiet)}; under attack ${pages(under)}; ratio p50 ${(half(under.pages, 0.5) / half(quiet.pages, 0.5)).toFixed(1)}, p95 ${(half(under.pages, 0.95) / half(quiet.pages, 0.95)).toFixed(1)}`,
    )
    note(
      `honest sign-ins: without attack p50 ${half(quiet.signIns, 0.5).toFixed(0)} ms, p95 ${half(quiet.signIns, 0.95).toFixed(0)} ms; under attack p50 ${half(under.signIns, 0.5).toFixed(0)} ms, p95 ${half(under.signIns, 0.95).toFixed(0)} ms`,
    )

    expect(got).toEqual([])
    expect(tries).toBeGreaterThanOrEqual(10_000)
    // five guesses a name, whoever asks and however many ask at a time
    for (const { email } of nobody) expect(after.refused[email]?.['unknown_user'] ?? 0, email).toBeLessThanOrEqual(5)
    for (const { email } of others) expect(after.refused[email]?.['bad_password'] ?? 0, email).toBeLessThanOrEqual(5)
    expect(hashes).toBeLessThanOrEqual(5 * names.length)
    // nobody honest is locked, limited or taken for an attacker; a machine that is out of breath may ask one in a hundred to try again
    expect(under.trouble.filter((one) => !one.endsWith(': 503'))).toEqual([])
    expect(under.trouble.length).toBeLessThanOrEqual((under.pages.length + under.signInsTried) / 100)
    expect(under.signInsTried).toBeGreaterThan(60)
    // hydra, the script and the hashes share the cores with the studio: a page may wait for its turn, never behind a queue of hashes
    expect(half(under.pages, 0.5)).toBeLessThan(30 * half(quiet.pages, 0.5))
  }, 900_000)

  it('refuses for a fraction of what a password hash costs', async () => {
    const attacked = onePerson?.email ?? ''
    const cpuOf = async (tries: readonly Try[]): Promise<{ studio: number; database: number }> => {
      const before = await tally()
      await distributed(tries, 24)
      const after = await tally()
      return { studio: (after.cpu - before.cpu) / tries.length, database: (after.databaseCpu - before.databaseCpu) / tries.length }
    }
    const refused = await cpuOf(Array.from({ length: 400 }, (_, i) => ({ email: attacked, password: 'x', from: addressOf(40_000 + i) })))
    const hashed = await cpuOf(Array.from({ length: 100 }, (_, i) => ({ email: `new-${i}@studio.example`, password: 'x', from: addressOf(50_000 + i) }))) // prettier-ignore
    const say = ({ studio, database }: { studio: number; database: number }): string =>
      `${studio.toFixed(1)} ms (database ${database.toFixed(1)} ms)`
    note(
      `CPU of a refused try: ${say(refused)}; of one whose password is checked: ${say(hashed)}; ratio ${(refused.studio / hashed.studio).toFixed(2)}`,
    )
    expect(refused.studio).toBeLessThan(hashed.studio * 0.6)
  }, 300_000)

  it('leaves who was attacked, and has no known browser at hand, the way by mail', async () => {
    const [, victim] = attackedHonest
    const home = '192.0.2.200'
    const post = (path: string, form: Readonly<Record<string, string>>): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', redirect: 'manual', headers: { 'x-forwarded-for': home }, body: new URLSearchParams(form) }) // prettier-ignore
    const said = site.output().length
    expect(await oneTry(victim ?? spare, home)).toBe(401)
    expect((await post('/reset', { email: victim?.email ?? '' })).status).toBe(200)
    const token = await eventually(() => /\/reset\/new\?token=([\w-]+)/.exec(site.output().slice(said - 200))?.[1], 'the mail')
    const password = 'quite another sentence of theirs'
    expect((await post('/reset/new', { token, password })).headers.get('location')).toBe('/sign-in?done=password-set')
    expect(await oneTry({ email: victim?.email ?? '', password }, home)).toBe(303)
  })
})
