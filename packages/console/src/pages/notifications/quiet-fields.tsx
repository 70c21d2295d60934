import type { NotificationRoute } from '@parapet/core'
import { useId, useState } from 'react'

import { clockOf, minuteOf, WEEKDAYS } from '../../lib/notification-routes.js'

type Quiet = NonNullable<NotificationRoute['quiet']>

const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

const NIGHT = { from: 22 * 60, to: 7 * 60 }

/** When only what is critical is sent at once: hours, days, and whose clock. */
export const QuietFields = ({ quiet, onChange }: { readonly quiet: Quiet | null; readonly onChange: (quiet: Quiet | null) => void }) => {
  const id = useId()
  const [zones] = useState(() => Intl.supportedValuesOf('timeZone'))
  return (
    <fieldset className="min-w-0">
      <legend className="font-medium">Quiet hours</legend>
      <label className="mt-1 flex items-baseline gap-2.5">
        <input
          type="checkbox"
          className="accent-accent"
          checked={quiet !== null}
          onChange={(event) => onChange(event.target.checked ? { ...NIGHT, zone: zoneHere(), weekdays: [] } : null)}
        />
        <span>
          Only what is critical is sent at once <span className="text-ink-2">– the rest waits until they end</span>
        </span>
      </label>
      {quiet === null ? null : (
        <div className="mt-2 grid gap-2.5 border-l-3 border-line pl-3">
          <div className="flex flex-wrap items-center gap-2">
            {(
              [
                ['from', 'From'],
                ['to', 'to'],
              ] as const
            ).map(([key, word]) => (
              <label key={key} className="flex items-center gap-2">
                {word}
                <input
                  type="time"
                  className="field w-36! font-mono"
                  required
                  value={clockOf(quiet[key])}
                  onChange={(event) => {
                    const minute = minuteOf(event.target.value)
                    if (minute !== undefined) onChange({ ...quiet, [key]: minute })
                  }}
                />
              </label>
            ))}
            <label className="flex min-w-0 flex-wrap items-center gap-2">
              <span className="whitespace-nowrap">in the zone</span>
              <input
                className="field w-48! font-mono"
                required
                maxLength={64}
                list={`${id}-zones`}
                spellCheck={false}
                autoComplete="off"
                value={quiet.zone}
                onChange={(event) => onChange({ ...quiet, zone: event.target.value })}
              />
              <datalist id={`${id}-zones`}>
                {zones.map((zone) => (
                  <option key={zone} value={zone}>
                    {zone}
                  </option>
                ))}
              </datalist>
            </label>
          </div>
          <div className="flex flex-wrap gap-x-4 gap-y-1">
            {WEEKDAYS.map(([day, name]) => {
              const on = quiet.weekdays.length === 0 || quiet.weekdays.includes(day)
              return (
                <label key={day} className="flex items-baseline gap-1.5">
                  <input
                    type="checkbox"
                    className="accent-accent"
                    checked={on}
                    onChange={() => {
                      const all = WEEKDAYS.map(([known]) => known as number)
                      const days = quiet.weekdays.length === 0 ? all : quiet.weekdays
                      const next = on ? days.filter((known) => known !== day) : [...days, day]
                      // none would be every day again: the last one stays
                      if (next.length > 0) onChange({ ...quiet, weekdays: next.length === all.length ? [] : next })
                    }}
                  />
                  <span>{name.slice(0, 3)}</span>
                </label>
              )
            })}
          </div>
        </div>
      )}
    </fieldset>
  )
}
