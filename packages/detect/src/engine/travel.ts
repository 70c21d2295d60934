import type { CorrelationRule } from '../sigma/rule.js'
import { formatDuration } from '@parapet/core'
import { PLACE_FIELDS } from '../geo/enricher.js'
import type { Correlator, CorrelatorDeps } from './correlator.js'
import { createBaselineCorrelator } from './novelty-frame.js'
import { eventWords, groupWords, plain } from './sentence.js'
import { type Journey, journeyBytes, judgeTravel, type Sight, UNSTATED_ACCURACY } from './travel-judge.js'

const within = (value: unknown, most: number): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= most ? value : undefined

/** Puts a rule of kind `travel` to work: two events of one group too far apart for the time between them. Looks only at events with a position. */
export const createTravel = (rule: CorrelationRule, deps: CorrelatorDeps): Correlator => {
  const { travel } = rule
  if (travel === undefined) throw new TypeError('a rule of kind travel has a travel')
  const names = rule.groupBy.map((field) => field.name)
  const slots = {
    lat: deps.table.slot(PLACE_FIELDS.latitude),
    lon: deps.table.slot(PLACE_FIELDS.longitude),
    accuracy: deps.table.slot(PLACE_FIELDS.accuracyKm),
    network: deps.table.slot(PLACE_FIELDS.asn),
    country: deps.table.slot(PLACE_FIELDS.country),
  }
  const words = eventWords(deps.program[rule.rules[0] ?? -1])

  return createBaselineCorrelator<Sight>(rule, deps, {
    // after so long everybody may be anywhere; habits are worth keeping for a while
    keep: rule.timespan * 90,
    read: (view, time, ref, address) => {
      const lat = within(view.raw(slots.lat), 90)
      const lon = within(view.raw(slots.lon), 180)
      if (lat === undefined || lon === undefined) return undefined
      const country = view.raw(slots.country)
      return {
        lat,
        lon,
        accuracy: Math.max(0, within(view.raw(slots.accuracy), 20_000) ?? UNSTATED_ACCURACY),
        time,
        network: within(view.raw(slots.network), 0xffff_ffff) ?? 0,
        address,
        country: typeof country === 'string' ? country.slice(0, 2) : '',
        ref,
      }
    },
    judge: (state, sight, time, ref, address, unreal) => {
      const before = state.extra as Journey | undefined
      const { verdict, journey, blamed } = judgeTravel(before, sight, travel)
      if (!unreal || before === undefined) {
        state.extra = journey
        state.extraBytes = journeyBytes(journey)
      }
      if (verdict !== 'impossible' || before === undefined) return undefined
      const { at } = before
      // both events tell the story; only the address that he is less known for stands accused
      return [
        { time: at.time, ref: at.ref, address: blamed === at ? at.address : '' },
        { time, ref, address: blamed === sight ? address : '' },
      ]
    },
    why: (state, burst) => {
      const { jump } = state.extra as Journey
      const told = `${burst.total} ${words}${groupWords(names, state.values)}`
      if (jump === undefined) return `${told} from places too far apart`
      const from =
        jump.from === '' && jump.to === ''
          ? ''
          : ` from ${plain(jump.from || 'an unknown country')} to ${plain(jump.to || 'an unknown country')}`
      return `${told}: at least ${jump.km} km${from} in ${formatDuration(jump.ms)} (rule: ${travel.speed} km/h, from ${travel.distance} km)`
    },
  })
}
