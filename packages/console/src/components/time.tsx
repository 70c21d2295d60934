import { useNow } from '../app/clock.js'
import { bothTimes, clockTime, countdown, dayTime, relative, zoneName } from '../lib/format.js'

/** How long ago something was; the hover shows the viewer's zone and UTC. */
export const Ago = ({ at }: { readonly at: number }) => {
  const now = useNow(1_000)
  return (
    <time dateTime={new Date(at).toISOString()} title={bothTimes(at)} className="whitespace-nowrap">
      {relative(at, Math.max(now, at))}
    </time>
  )
}

/** A time of day in the viewer's zone; the hover shows the day and UTC. `zoned`: it stands alone, or is read out to others, and names its zone. */
export const Clock = ({ at, zoned = false }: { readonly at: number; readonly zoned?: boolean }) => (
  <time dateTime={new Date(at).toISOString()} title={bothTimes(at)} className="whitespace-nowrap">
    {zoned ? `${clockTime(at)} ${zoneName(at)}` : clockTime(at)}
  </time>
)

/** What is left until a time, counting down. */
export const Countdown = ({ until }: { readonly until: number }) => {
  const now = useNow(1_000)
  return (
    <time dateTime={new Date(until).toISOString()} title={bothTimes(until)} className="whitespace-nowrap">
      {countdown(until, now)}
    </time>
  )
}

/** Day and time of day in the viewer's zone, for lists that span days; the hover shows the year and UTC. */
export const Moment = ({ at }: { readonly at: number }) => (
  <time dateTime={new Date(at).toISOString()} title={bothTimes(at)} className="whitespace-nowrap">
    {dayTime(at)}
  </time>
)
