import { writeMmdb } from '@parapet/testkit'
import { describe, expect, it } from 'vitest'
import { logText, sshSuccess } from '../fixtures/logs.js'
import { parapet, temporaryFolder } from '../fixtures/run-parapet.js'

const folder = temporaryFolder()
const city = folder.write(
  'city.mmdb',
  writeMmdb({
    '192.0.2.0/24': { country: { iso_code: 'DE' }, location: { latitude: 52.5, longitude: 13.4, accuracy_radius: 20 } },
    '198.51.100.0/24': { country: { iso_code: 'JP' }, location: { latitude: 35.7, longitude: 139.7, accuracy_radius: 20 } },
  }),
)
const networks = (first: number, second: number): string =>
  folder.write(
    `asn-${second}.mmdb`,
    writeMmdb(
      { '192.0.2.0/24': { autonomous_system_number: first }, '198.51.100.0/24': { autonomous_system_number: second } },
      { type: 'Test-ASN' },
    ),
  )
/** Berlin and Tokyo at the same second */
const travel = folder.write('travel.log', logText([sshSuccess('192.0.2.10', 'alice'), sshSuccess('198.51.100.7', 'alice')]))

describe('parapet detect --geo', () => {
  it('finds a user in two places at once, and names the one that came second', async () => {
    const { code, stdout, stderr } = await parapet(['detect', travel, '--geo', city, '--json'])
    expect([code, stderr]).toEqual([1, ''])
    const alerts = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { rule: { title: string }; targets: string[] })
    expect(alerts.map(({ rule, targets }) => [rule.title, targets])).toEqual([['Impossible travel', ['198.51.100.7']]])
  })

  it('says how far it was, in words', async () => {
    const { stdout } = await parapet(['detect', travel, '--geo', city, '--explain'])
    expect(stdout).toMatch(/at least 88\d\d km from DE to JP in/)
  })

  it('puts several files together: within one network nobody travels', async () => {
    expect((await parapet(['detect', travel, '--geo', city, '--geo', networks(64_500, 64_500)])).code).toBe(0)
    expect((await parapet(['detect', travel, '--geo', city, '--geo', networks(64_500, 64_501)])).code).toBe(1)
  })

  it('finds nothing of the kind without a database', async () => {
    const { code, stdout } = await parapet(['detect', travel])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Nothing found\./)
  })

  it.each<[string, string, RegExp]>([
    ['missing', `${folder.path}/none.mmdb`, /none\.mmdb.*ENOENT/],
    [
      'cut',
      folder.write('cut.mmdb', writeMmdb({ '192.0.2.0/24': { country: { iso_code: 'DE' } } }).subarray(0, 60)),
      /no \.mmdb file, or was cut/,
    ],
    ['something else', folder.write('text.mmdb', 'hello'.repeat(1_000)), /no \.mmdb file/],
  ])('says what is wrong with a file that is %s, before it reads any log', async (_, path, reason) => {
    const { code, stdout, stderr } = await parapet(['detect', travel, '--geo', path])
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/PPT_CONFIG_INVALID/)
    expect(stderr).toMatch(reason)
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})
