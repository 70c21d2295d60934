import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_BUDGET } from './budget.js'
import { CDN_RANGES, MANY_USERS } from './cdn-ranges.js'
import { builtinPolicies, loadPolicies } from './load-policies.js'
import { LONGEST_LOCKDOWN, POLICY_LOCKDOWN, UNCONFIRMED_LOCKDOWN } from './lockdown.js'
import { type Policy, POLICY_ACTIONS } from './policy.js'
import { holdsAgainst, WATCHED_FOR } from './preview.js'
import { WIDEST_RANGE } from './targets.js'
import { WIDENING } from './widen.js'

const guide = (name: string): string => readFileSync(new URL(`../../../docs/guides/${name}.md`, import.meta.url), 'utf8')
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, body]) => body ?? '')

let policies: readonly Policy[] = []
beforeAll(async () => {
  policies = loadPolicies(await builtinPolicies()).policies
})

describe('the page on writing a policy', () => {
  const page = guide('respond-write-a-policy')

  it('shows policies that load as they stand', () => {
    const texts = blocks(page, 'yaml')
    expect(texts).toHaveLength(2)
    const { policies: read, problems } = loadPolicies(texts.map((text, i) => ({ file: `${i}.yml`, text })))
    expect(problems).toEqual([])
    expect(read.map(({ id }) => id)).toEqual(['honey-lockdown', 'office-scanners'])
  })

  it('names every action, and quotes a fault as it is told', () => {
    for (const action of POLICY_ACTIONS) expect(page).toContain(`| \`${action}\` |`)
    const wrong = (blocks(page, 'yaml')[0] ?? '').replace('duration: 6h', 'duration: forever')
    const [problem] = loadPolicies([{ file: 'policies/mine.yml', text: wrong }]).problems
    expect(page).toContain(problem?.reason)
  })
})

describe('the page on safety', () => {
  const page = guide('respond-safety')

  it('says the limits that are in force', () => {
    expect(page).toContain(`| enforced decisions by policies in any 60 seconds | ${DEFAULT_BUDGET.perMinute} |`)
    expect(page).toContain(`| enforced decisions by policies at once | ${DEFAULT_BUDGET.active.toLocaleString('en')} |`)
    expect(page).toContain(`| of one /16 (IPv6: /64s of one /48) | ${DEFAULT_BUDGET.networkShare * 100} % |`)
    expect(page).toContain(`| of the requests that went well within the last hour | ${DEFAULT_BUDGET.trafficShare * 100} % |`)
    expect(page).toContain(`| of the successful sign-ins of the last hour | ${DEFAULT_BUDGET.signInShare * 100} % |`)
    expect(page).toContain(`${MANY_USERS} users or more`)
    for (const { name } of CDN_RANGES) expect(page).toContain(name)
    expect(page).toContain(
      WIDENING.map(({ prefix, networks }, i) => `${networks}${i === 0 ? ' denied /64s' : ''} of a /${prefix}`).join(', and '),
    )
    expect(page).toContain(`wider than a /${WIDEST_RANGE[4]} (IPv6: /${WIDEST_RANGE[6]})`)
    expect([UNCONFIRMED_LOCKDOWN, POLICY_LOCKDOWN, LONGEST_LOCKDOWN]).toEqual([120_000, 900_000, 86_400_000])
    expect(page).toMatch(/at most 15 minutes[\s\S]*two minutes after its start[\s\S]*after a day at most/)
  })

  it('counts the ways to lock oneself out as the tests do', () => {
    const scenarios = readFileSync(new URL('lock-out-scenarios.test.ts', import.meta.url), 'utf8')
    const count = [...scenarios.matchAll(/^ {2}it\(['"](\d+)\. /gm)].length
    expect([count, page.includes('twenty-two ways to lock oneself out, by name')]).toEqual([22, true])
  })
})

describe('the page on starting in observe', () => {
  const page = guide('respond-start-in-observe')

  it('tells what is enforced on a fresh install, and what holds against a rule', () => {
    expect(policies.filter(({ respond }) => respond.mode === 'enforce').map(({ id }) => id)).toEqual([
      'brute-force-hosts',
      'brute-force',
      'guessed-user',
    ])
    expect(WATCHED_FOR / 86_400_000).toBe(7)
    const holds = holdsAgainst({ firstAt: 0, alerts: 9, falsePositives: 1, protectedHits: 1, observed: 100, observedSignedIn: 3 }, 1)
    expect(holds).toHaveLength(4)
    expect(page).toMatch(/less than seven days[\s\S]*false positive within 14 days[\s\S]*allow-list[\s\S]*more than two in a hundred/)
  })

  it('names policies that there are', () => {
    for (const [, id] of page.matchAll(/parapet policies (?:show|preview|promote) (\S+)/g))
      expect(policies.map((policy) => policy.id)).toContain(id)
  })
})

describe('the page on incidents', () => {
  it('names the status words, and the policies that open one', () => {
    const page = guide('respond-incidents')
    for (const status of ['open', 'contained', 'resolved', 'closed']) expect(page).toContain(`| \`${status}\` |`)
    expect(policies.filter(({ respond }) => respond.incident !== undefined).map(({ id }) => id)).toEqual([
      'data-breach',
      'host-takeover',
      'compromise',
    ])
  })
})
