/* oxlint-disable jsx-a11y/prefer-tag-over-role, jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions --
   a drawing made here, not a file; the table below it has the same links for the keyboard */
import { Link, useLocation } from 'wouter'

import type { Histogram } from '../app/detect-api.js'
import { axis } from '../lib/axis.js'
import { bars } from '../lib/chart.js'
import { bothTimes, clockTime, count, dayTime, plural } from '../lib/format.js'

const WIDTH = 1_000
const HEIGHT = 84
const LABELS = 5
const DAY = 86_400_000

/** Events by time. A click on a bar leads to its span; the same stands in a table for the keyboard and for those who do not see it. */
export const HistogramChart = ({
  histogram,
  hrefOf,
}: {
  readonly histogram: Histogram
  readonly hrefOf: (since: number, until: number) => string
}) => {
  const { buckets, step } = histogram
  const [, navigate] = useLocation()
  const total = buckets.reduce((sum, bucket) => sum + bucket.events, 0)
  const width = WIDTH / Math.max(1, buckets.length)
  const [first] = buckets
  const last = buckets.at(-1)
  const long = first !== undefined && last !== undefined && last.at - first.at > DAY
  const name = (at: number): string => (long ? dayTime(at).slice(0, -3) : clockTime(at).slice(0, step < 60_000 ? 8 : 5))
  const most = buckets.reduce((a, b) => (b.events > a.events ? b : a), first ?? { at: 0, events: 0 })
  return (
    <>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        className="block h-20 w-full cursor-pointer"
        role="img"
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect()
          const bucket = buckets[Math.floor(((event.clientX - box.left) / box.width) * buckets.length)]
          if (bucket !== undefined) navigate(hrefOf(bucket.at, bucket.at + step))
        }}
        aria-label={
          total === 0 ? 'No events in this time.' : `${plural(total, 'event')}; most of them, ${count(most.events)}, from ${name(most.at)}.`
        }
      >
        {bars(buckets.map((bucket) => ({ ...bucket, alerts: 0 }))).map((bar, index) => (
          <g key={bar.at}>
            <title>{`${bothTimes(bar.at)}\n${plural(bar.events, 'event')}`}</title>
            <rect x={index * width} y="0" width={width} height={HEIGHT} fill="transparent" />
            <rect
              className="bar-events histogram-bar"
              x={index * width + width * 0.08}
              y={HEIGHT - bar.eventShare * HEIGHT}
              width={width * 0.84}
              height={bar.eventShare * HEIGHT}
            />
          </g>
        ))}
      </svg>
      {/* drawn as the bars are, each at the left edge of its own: spread out by themselves they would name other times */}
      <svg className="block h-5 w-full border-t border-edge text-[0.8rem]" aria-hidden data-axis="">
        {axis(buckets, LABELS).map(({ at, share }) => (
          <text key={at} x={`${share * 100}%`} y="15" fill="var(--ink-3)" className="nth-[even]:max-sm:hidden">
            {name(at)}
          </text>
        ))}
      </svg>
      <details className="mt-1 text-[0.93rem]">
        <summary className="w-fit text-ink-2 hover:text-ink">The same as a table</summary>
        <table className="table mt-2 max-w-xs">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col" data-align="end">
                Events
              </th>
            </tr>
          </thead>
          <tbody>
            {buckets
              .filter((bucket) => bucket.events > 0)
              .map((bucket) => (
                <tr key={bucket.at}>
                  <td>
                    <Link href={hrefOf(bucket.at, bucket.at + step)} className="link" title={bothTimes(bucket.at)}>
                      {name(bucket.at)}
                    </Link>
                  </td>
                  <td data-align="end">{count(bucket.events)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </>
  )
}
