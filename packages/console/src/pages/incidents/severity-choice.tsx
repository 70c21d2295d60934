import type { Level } from '@parapet/core'
import { useId } from 'react'

import { LevelMark } from '../../components/level-mark.js'
import { LEVELS_DOWN } from '../../lib/levels.js'

const MEANS: Readonly<Record<Level, string>> = {
  critical: 'data is being lost, or somebody is inside: wake people',
  high: 'it can become that within hours',
  medium: 'it harms, and can wait for the morning',
  low: 'it is worth a look',
  informational: 'kept for the record',
}

/** How bad an incident is: shape, word and what it means. */
export const SeverityChoice = ({ value, onChange }: { readonly value: Level; readonly onChange: (level: Level) => void }) => {
  const name = useId()
  return (
    <fieldset>
      <legend className="font-medium">Severity</legend>
      <div className="mt-1 grid gap-1.5">
        {LEVELS_DOWN.map((level) => (
          <label key={level} className="grid grid-cols-[1rem_5.5rem_minmax(0,1fr)] items-baseline gap-x-2">
            <input type="radio" name={name} checked={value === level} onChange={() => onChange(level)} className="accent-accent" />
            <LevelMark level={level} />
            <span className="text-ink-2">{MEANS[level]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
