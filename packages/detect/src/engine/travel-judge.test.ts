import { DAY, HOUR, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Journey, journeyBytes, judgeTravel, MOST_PLACES, type Sight, surelyApartKm } from './travel-judge.js'

fc.configureGlobal({ seed: 20_261_122 })
const RULE = { speed: 1_000, distance: 300 }
const START = 1_800_000_000_000
const place = (lat: number, lon: number, network: number, address: string, country: string): Omit<Sight, 'time'> => ({
  lat,
  lon,
  accuracy: 20,
  network,
  address,
  country,
  ref: address,
})
const BERLIN = place(52.52, 13.405, 64_500, '192.0.2.1', 'DE')
const HAMBURG = place(53.55, 9.99, 64_501, '192.0.2.2', 'DE')
const PARIS = place(48.86, 2.35, 64_510, '192.0.2.3', 'FR')
const TOKYO = place(35.68, 139.69, 64_520, '198.51.100.9', 'JP')

type Move = readonly [where: Omit<Sight, 'time'>, at: number]
const play = (moves: readonly Move[], rule = RULE) => {
  let journey: Journey | undefined
  const said = moves.map(([where, at]) => {
    const judged = judgeTravel(journey, { ...where, time: START + at }, rule)
    journey = judged.journey
    return judged
  })
  return { verdicts: said.map(({ verdict }) => verdict), said, journey: journey as Journey }
}

describe('a journey', () => {
  it('that nobody can make is impossible, and says how far and how fast', () => {
    const { verdicts, said, journey } = play([
      [BERLIN, 0],
      [TOKYO, 20 * MINUTE],
    ])
    expect(verdicts).toEqual(['first', 'impossible'])
    expect(said[1]?.blamed?.address).toBe(TOKYO.address)
    expect(journey.jump).toMatchObject({ ms: 20 * MINUTE, from: 'DE', to: 'JP' })
    // 8,918 km on the globe, less what both places may be off
    expect(journey.jump?.km).toBeGreaterThan(8_850)
    expect(journey.jump?.km).toBeLessThan(8_900)
  })

  it('that a plane makes is possible', () => {
    expect(
      play([
        [BERLIN, 0],
        [TOKYO, 12 * HOUR],
      ]).verdicts,
    ).toEqual(['first', 'possible'])
    expect(
      play([
        [BERLIN, 0],
        [PARIS, 55 * MINUTE],
      ]).verdicts,
    ).toEqual(['first', 'possible'])
  })

  it('of less than the distance is none, however fast', () => {
    expect(
      play([
        [BERLIN, 0],
        [HAMBURG, 1],
      ]).verdicts,
    ).toEqual(['first', 'near'])
  })

  it('is not made by a database that is off', () => {
    const vague = { ...PARIS, accuracy: 600 }
    expect(
      play([
        [BERLIN, 0],
        [vague, MINUTE],
      ]).verdicts,
    ).toEqual(['first', 'near'])
    expect(surelyApartKm({ ...BERLIN, time: 0 }, { ...vague, time: 0 })).toBeLessThan(300)
  })

  it('is not made within one network, nor at one address', () => {
    expect(
      play([
        [BERLIN, 0],
        [{ ...TOKYO, network: BERLIN.network }, MINUTE],
      ]).verdicts,
    ).toEqual(['first', 'near'])
    expect(
      play([
        [BERLIN, 0],
        [{ ...TOKYO, address: BERLIN.address }, MINUTE],
      ]).verdicts,
    ).toEqual(['first', 'near'])
    // nobody knows either network: that is not the same one
    expect(
      play([
        [{ ...BERLIN, network: 0 }, 0],
        [{ ...TOKYO, network: 0 }, MINUTE],
      ]).verdicts,
    ).toEqual(['first', 'impossible'])
  })
})

describe('somebody whose account is used elsewhere', () => {
  it('stays where he was: his own next sign-in is no journey back', () => {
    const { verdicts } = play([
      [BERLIN, 0],
      [TOKYO, 10 * MINUTE],
      [BERLIN, 20 * MINUTE],
      [TOKYO, 30 * MINUTE],
    ])
    expect(verdicts).toEqual(['first', 'impossible', 'near', 'impossible'])
  })

  it('is not blamed when the other one was there first', () => {
    // at home often, then somebody signs in from Tokyo half a day later, then he himself
    const { verdicts, said } = play([
      [BERLIN, 0],
      [BERLIN, DAY],
      [BERLIN, 2 * DAY],
      [TOKYO, 2.5 * DAY],
      [BERLIN, 2.5 * DAY + HOUR],
    ])
    expect(verdicts).toEqual(['first', 'near', 'near', 'possible', 'impossible'])
    expect(said.at(-1)?.blamed?.address).toBe(TOKYO.address)
    expect(said.at(-1)?.journey.at.address).toBe(BERLIN.address)
  })

  it('is told of on three days, and then taken for somebody with a VPN', () => {
    const moves = [0, 1, 2, 3, 4].flatMap((day): Move[] => [
      [BERLIN, day * DAY],
      [PARIS, day * DAY + MINUTE],
      [BERLIN, day * DAY + 10 * HOUR],
    ])
    const { verdicts } = play(moves)
    const toParis = verdicts.filter((_, i) => i % 3 === 1)
    expect(toParis).toEqual(['impossible', 'impossible', 'impossible', 'spared', 'spared'])
    // another network is another matter
    expect(play([...moves, [TOKYO, 4 * DAY + 11 * HOUR]]).verdicts.at(-1)).toBe('impossible')
  })

  it('is told of all day: a hundred jumps of one day are no habit', () => {
    const moves = Array.from({ length: 200 }, (_, i): Move => [i % 2 === 0 ? BERLIN : TOKYO, i * 5 * MINUTE])
    expect(play(moves).verdicts.filter((verdict) => verdict === 'spared')).toEqual([])
  })
})

describe('any moves', () => {
  const anywhere = fc.record({
    lat: fc.double({ min: -90, max: 90, noNaN: true }),
    lon: fc.double({ min: -180, max: 180, noNaN: true }),
    accuracy: fc.integer({ min: 0, max: 1_000 }),
    network: fc.integer({ min: 0, max: 5 }),
    address: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    country: fc.constantFrom('', 'DE', 'JP'),
    ref: fc.nat(),
  })
  const moves = fc.array(fc.tuple(anywhere, fc.integer({ min: 0, max: 12 * HOUR })), { maxLength: 80 }).map((list) => {
    let at = 0
    return list.map(([where, gap]): Move => [where, (at += gap)])
  })

  it('are called impossible only when they are: far, fast, another network and another address', () => {
    fc.assert(
      fc.property(moves, (list) => {
        let journey: Journey | undefined
        const wrong: string[] = []
        for (const [where, at] of list) {
          const sight = { ...where, time: START + at }
          const judged = judgeTravel(journey, sight, RULE)
          const impossible = judged.verdict === 'impossible'
          const before = journey?.at
          const km = before === undefined ? 0 : surelyApartKm(before, sight)
          const isSo =
            before !== undefined &&
            km >= RULE.distance &&
            km > (RULE.speed * (sight.time - before.time)) / HOUR &&
            sight.address !== before.address
          if (impossible && !isSo) wrong.push('possible after all')
          if ((judged.blamed !== undefined) !== impossible) wrong.push('blamed without a journey, or a journey without blame')
          if (judged.blamed !== undefined && judged.blamed !== sight && judged.blamed !== before) wrong.push('somebody else is blamed')
          journey = judged.journey
        }
        expect(wrong).toEqual([])
      }),
    )
  })

  it('leave a bounded memory that survives JSON', () => {
    fc.assert(
      fc.property(moves, (list) => {
        if (list.length === 0) return
        const { journey, verdicts } = play(list)
        expect(journey.places.length).toBeLessThanOrEqual(MOST_PLACES)
        expect(journey.pairs.length).toBeLessThanOrEqual(MOST_PLACES)
        expect(journeyBytes(journey)).toBeLessThan(8_192)
        let again: Journey | undefined
        const replayed = list.map(([where, at]) => {
          const judged = judgeTravel(again, { ...where, time: START + at }, RULE)
          again = JSON.parse(JSON.stringify(judged.journey)) as Journey
          return judged.verdict
        })
        expect(replayed).toEqual(verdicts)
        expect(again).toEqual(JSON.parse(JSON.stringify(journey)))
      }),
    )
  })

  it('keep the traveller where he was seen last when an event comes late', () => {
    const { journey } = play([
      [BERLIN, 10_000],
      [{ ...BERLIN, address: '192.0.2.50' }, 4_000],
    ])
    expect(journey.at.address).toBe(BERLIN.address)
  })
})
