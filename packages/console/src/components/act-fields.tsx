import type { ApiError } from '../lib/problem.js'
import { TextField } from './field.js'

const DURATIONS = ['1h', '4h', '1d', '7d', '30d'] as const

type Bound = { readonly value: string; readonly onChange: (value: string) => void; readonly error?: ApiError | undefined }

/** How long something holds: typed, or one of the usual. */
export const DurationField = ({
  label = 'For how long',
  presets = DURATIONS,
  ...field
}: Bound & { readonly label?: string; readonly presets?: readonly string[] }) => (
  <TextField
    {...field}
    label={label}
    className="w-24! font-mono"
    required
    maxLength={16}
    spellCheck={false}
    after={presets.map((preset) => (
      <button
        key={preset}
        type="button"
        className="button px-2!"
        data-kind="quiet"
        aria-pressed={field.value === preset}
        onClick={() => field.onChange(preset)}
      >
        {preset}
      </button>
    ))}
  />
)

/** Why something is done: kept in the record, read by who comes next. */
export const ReasonField = ({
  placeholder = 'What the next person on call needs to know',
  required = true,
  ...field
}: Bound & { readonly placeholder?: string; readonly required?: boolean }) => (
  <TextField {...field} label="Reason" required={required} maxLength={300} placeholder={placeholder} />
)
