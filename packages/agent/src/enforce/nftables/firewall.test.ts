import { needs } from '@parapet/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createHostFirewall, deny, type HostFirewall, lifted } from '../../fixtures/host-enforcer.js'
import { createHostNetwork, type HostNetwork } from '../../fixtures/host-network.js'

const here = needs('root', 'network namespaces', 'nft', 'ip')

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.skipIf(!here.ok)(`the firewall of a host, with real packets${here.note}`, () => {
  let network: HostNetwork
  let firewall: HostFirewall
  beforeAll(async () => {
    network = await createHostNetwork()
  })
  afterEach(async () => {
    await firewall.close()
    network.nft('flush ruleset')
  })
  afterAll(() => network.remove())

  const reach = (...from: readonly string[]): Promise<readonly boolean[]> => Promise.all(from.map((one) => network.reaches(one)))

  it('drops the denied over IPv4 and IPv6 and nobody else, and lets them in again when the decision is lifted', async () => {
    firewall = createHostFirewall(network)
    const [four, six] = [deny('203.0.113.7'), deny('2001:db8:66:1::5')]
    const range = deny('203.0.113.64/26')
    expect(await reach('203.0.113.7', '2001:db8:66:1::5')).toEqual([true, true])
    await firewall.apply(four, six, range)
    // all of a /64 is one host
    expect(await reach('203.0.113.7', '203.0.113.8', '203.0.113.65', '2001:db8:66:1::5', '2001:db8:66:1::6', '2001:db8:66:2::5')).toEqual([
      false,
      true,
      false,
      false,
      false,
      true,
    ])
    expect(firewall.enforcer.report()).toMatchObject({ kind: 'nftables', mode: 'enforce', wanted: 3, held: 3, trouble: null, refused: [] })
    await firewall.apply(lifted(four), lifted(six), lifted(range))
    expect(await reach('203.0.113.7', '203.0.113.65', '2001:db8:66:1::5')).toEqual([true, true, true])
    expect(firewall.enforcer.report()).toMatchObject({ wanted: 0, held: 0 })
  }, 30_000)

  it('lets a ban lapse in the kernel when nobody is there to lift it', async () => {
    firewall = createHostFirewall(network)
    // the helper takes a while to start
    await firewall.apply()
    const ban = deny('203.0.113.7', { expiresAt: Date.now() + 4_000 })
    await firewall.apply(ban)
    expect(await reach('203.0.113.7')).toEqual([false])
    await sleep(Math.max(0, ban.expiresAt - Date.now()) + 50)
    expect(await reach('203.0.113.7')).toEqual([true])
  })

  it('notices a foreign flush within five seconds and makes the table again, and says so', async () => {
    firewall = createHostFirewall(network)
    await firewall.apply(deny('203.0.113.7'))
    // as a restart of nftables.service does, with a ruleset of the host's own
    network.nft(
      'flush ruleset\ntable inet filter { chain input { type filter hook input priority 0; policy accept; tcp dport 8080 accept; }\n}\n',
    )
    expect(await reach('203.0.113.7')).toEqual([true])
    const from = Date.now()
    while (firewall.enforcer.report().repairs.length === 0 && Date.now() - from < 5_000) {
      await sleep(250)
      await firewall.enforcer.tick(false)
    }
    expect(Date.now() - from).toBeLessThan(5_000)
    expect(await reach('203.0.113.7')).toEqual([false])
    expect(firewall.enforcer.report().repairs[0]?.what).toContain('made again with 1 decisions')
    expect(firewall.told()).toBe(1)
    // what is not ours was left alone
    expect(network.on('nft', 'list', 'table', 'inet', 'filter')).toContain('tcp dport 8080 accept')
  }, 20_000)

  it.each([
    ['a rule that another hand took away', 'flush chain inet parapet prerouting'],
    ['a set that another hand emptied', 'flush set inet parapet ban4'],
    ['an element that another hand took away', 'delete element inet parapet ban4 { 203.0.113.7 }'],
    ['a rule that another hand put before ours', 'insert rule inet parapet prerouting accept'],
  ])(
    'puts right %s',
    async (_, text) => {
      firewall = createHostFirewall(network)
      await firewall.apply(deny('203.0.113.7'))
      // the first look learns the rules
      await sleep(2_100)
      await firewall.enforcer.tick(false)
      network.nft(`${text}\n`)
      expect(await reach('203.0.113.7')).toEqual([true])
      const from = Date.now()
      while (firewall.enforcer.report().repairs.length === 0 && Date.now() - from < 8_000) {
        await sleep(250)
        await firewall.enforcer.tick(false)
      }
      expect(firewall.enforcer.report().repairs).toHaveLength(1)
      expect(await reach('203.0.113.7')).toEqual([false])
    },
    20_000,
  )

  it('never drops whom this host protects, whatever is decided, and says why', async () => {
    firewall = createHostFirewall(network, 'enforce: {allow: [203.0.113.99], nftables: {mode: enforce}}')
    firewall.allow('203.0.113.7')
    const decisions = [
      deny('203.0.113.7'),
      deny('198.51.100.1'),
      deny('203.0.113.99'),
      deny('203.0.113.0/24'),
      deny('0.0.0.0/0'),
      deny('127.0.0.1'),
      deny('1.2.3.4; flush ruleset'),
    ]
    await firewall.apply(...decisions)
    // the gateway and the allowed address are protected by the helper too, which was told nothing of them by the agent
    expect(await reach('203.0.113.7', '203.0.113.99', '203.0.113.8', '198.51.100.1')).toEqual([true, true, false, true])
    expect(firewall.said.join()).toContain('the helper protects')
    expect(firewall.enforcer.report().refused.map(({ reason }) => reason)).toEqual([
      '203.0.113.7 is allowed by the test',
      'a /0 is too wide to deny; the widest IPv4 range is /16',
      'no client has such an address',
      'its target is not an address',
    ])
    // onto the allow list: lifted at once
    firewall.allow('203.0.113.8')
    await firewall.enforcer.tick(false)
    expect(await reach('203.0.113.8', '203.0.113.9')).toEqual([true, false])
  }, 20_000)

  it('starts from nothing with one transaction that leaves no gap, after whatever end', async () => {
    firewall = createHostFirewall(network)
    const ban = deny('203.0.113.7')
    await firewall.apply(ban)
    await firewall.close()
    expect(await reach('203.0.113.7')).toEqual([false])
    firewall = createHostFirewall(network)
    await firewall.apply(ban)
    expect(await reach('203.0.113.7')).toEqual([false])
    expect(firewall.enforcer.report().repairs).toEqual([])
  }, 20_000)

  it('holds nothing while the owner has freed the host, and all of it again after that', async () => {
    firewall = createHostFirewall(network)
    await firewall.apply(deny('203.0.113.7'))
    firewall.release(Date.now() + 60_000)
    await firewall.enforcer.tick(false)
    expect(await reach('203.0.113.7')).toEqual([true])
    expect(network.on('nft', 'list', 'tables')).not.toContain('parapet')
    expect(firewall.enforcer.report().trouble).toContain('freed by hand')
    firewall.release(0)
    await firewall.enforcer.tick(false)
    expect(await reach('203.0.113.7')).toEqual([false])
    expect(firewall.enforcer.report().trouble).toBeNull()
  }, 20_000)

  it('observes without touching anything: it says what it would hold', async () => {
    firewall = createHostFirewall(network, 'enforce: {nftables: {mode: observe}}')
    await firewall.apply(deny('203.0.113.7'), deny('0.0.0.0/0'))
    expect(network.on('nft', 'list', 'tables')).toBe('')
    expect(firewall.enforcer.report()).toMatchObject({ mode: 'observe', wanted: 1, held: null, trouble: null })
    expect(firewall.enforcer.report().refused).toHaveLength(1)
    // and the helper would not do it either
    await expect(firewall.helper.ask({ verb: 'nft.apply', operations: [{ op: 'build' }] })).rejects.toMatchObject({
      detail: 'enforce.nftables.mode is not enforce on this host',
    })
  })

  it('locks down only where the owner allows it, lets in the allowed and what is established, and ends by itself', async () => {
    const lockdownOf = (ms: number) =>
      deny('*', {
        target: { kind: 'all', value: '*' },
        action: 'lockdown',
        lockdown: { mode: 'allow_list', allow: ['203.0.113.32/27'] },
        expiresAt: Date.now() + ms,
      })
    const refused = lockdownOf(60_000)
    firewall = createHostFirewall(network)
    await firewall.apply(refused)
    expect(await reach('203.0.113.7')).toEqual([true])
    expect(firewall.enforcer.report()).toMatchObject({ refused: [{ id: refused.id }] })
    await firewall.close()
    firewall = createHostFirewall(network, 'enforce: {allow: [203.0.113.99], nftables: {mode: enforce, lockdown: true}}')
    await firewall.apply()
    const lockdown = lockdownOf(6_000)
    await firewall.apply(lockdown)
    expect(firewall.enforcer.report()).toMatchObject({ wanted: 1, held: 1, refused: [] })
    expect(await reach('203.0.113.7', '2001:db8:66:1::5', '203.0.113.40', '203.0.113.99')).toEqual([false, false, true, true])
    // whoever could end it is dead: the kernel does
    await firewall.helper.close()
    await sleep(Math.max(0, lockdown.expiresAt - Date.now()) + 100)
    expect(await reach('203.0.113.7', '2001:db8:66:1::5')).toEqual([true, true])
  }, 30_000)
})
