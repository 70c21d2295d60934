import { createDecisionSet, HOUR } from '@parapet/core'
import { createProtectedTargets, type NewDecision } from '@parapet/respond'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../db/test-database.js'
import { createDecisionStore, type DecisionStore } from '../modules/decisions/index.js'
import { liftFor, liftProtected, PROTECTOR } from './lift-protected.js'
import { testVault } from '../vault/fixtures/test-vault.js'

const NOW = 1_795_000_000_000
let database: TestDatabase
let store: DecisionStore
beforeAll(async () => {
  database = await createTestDatabase()
  store = createDecisionStore({ vault: testVault(), database, clock: () => NOW })
}, 60_000)
afterAll(async () => {
  await store.close()
  await database.close()
})

const deny = (id: string, kind: 'ip' | 'cidr' | 'user', value: string): NewDecision => ({
  id,
  target: { kind, value },
  action: 'deny',
  scope: 'all',
  mode: 'enforce',
  reason: 'five failures',
  author: { kind: 'policy', id: 'p' },
  batch: 'b',
  startsAt: NOW,
  expiresAt: NOW + HOUR,
})

it('ends the bans that a new line of the allow-list covers, says why, and leaves every other', async () => {
  await store.create([
    deny('inside', 'ip', '192.0.2.9'),
    deny('around', 'cidr', '192.0.0.0/16'),
    deny('six', 'cidr', '2001:db8:1:2::/64'),
    deny('beside', 'ip', '198.51.100.9'),
    deny('person', 'user', '192.0.2.9'),
  ])
  const targets = createProtectedTargets({ allowList: ['192.0.2.0/24', '2001:db8:1::/48'] })
  const set = createDecisionSet()
  set.reset((await store.active(NOW)).decisions)
  const lifted = await liftProtected(store, targets, NOW)
  for (const change of lifted) set.apply(change)
  expect(
    set
      .all()
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(['beside', 'person'])
  expect(lifted.find(({ id }) => id === 'inside')?.lifted).toEqual({
    at: NOW,
    by: PROTECTOR,
    reason: 'protected: 192.0.2.9 is on the allow-list',
  })
  // a second look finds nothing to do
  expect(await liftProtected(store, targets, NOW)).toEqual([])
})

it('ends the ban of the address that an operator has just signed in from, also one of the range around it, and no other', async () => {
  const at = NOW + 1
  await store.create([deny('his', 'ip', '203.0.113.7'), deny('his-range', 'cidr', '203.0.113.0/28'), deny('next', 'ip', '203.0.113.8')])
  const targets = createProtectedTargets({ operators: ['203.0.113.7'] })
  expect((await liftFor(store, targets, '203.0.113.7', at)).map(({ id }) => id).toSorted()).toEqual(['his', 'his-range'])
  expect((await store.get('next'))?.lifted).toBeUndefined()
  expect(await liftFor(store, targets, '203.0.113.7', at)).toEqual([])
})

it('takes back no lockdown and no reset of everybody: they let in by other means', async () => {
  const everybody = { target: { kind: 'all', value: '*' } } as const
  await store.create([
    { ...deny('down', 'ip', ''), ...everybody, action: 'lockdown', lockdown: { mode: 'all', allow: ['192.0.2.0/24'] } },
    { ...deny('reset', 'ip', ''), ...everybody, action: 'require_reset' },
    { ...deny('ban-all', 'ip', ''), ...everybody },
  ])
  const lifted = await liftProtected(store, createProtectedTargets({}), NOW)
  expect(lifted.map(({ id }) => id)).toEqual(['ban-all'])
})
