import type { InputHTMLAttributes, ReactNode } from 'react'
import { useId } from 'react'

import type { ApiError } from '../lib/problem.js'
import { detailAtField } from '../lib/field-problem.js'

type Input = Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value' | 'id'>

/** What is wrong with one field, with the way out and the code. */
const FieldError = ({ id, error }: { readonly id?: string; readonly error: ApiError }) => {
  const detail = detailAtField(error.detail)
  return (
    <p id={id} role="alert" className="mt-1 text-[0.93rem] text-critical">
      {error.message}
      {detail === undefined ? '' : `: ${detail}`}. <span className="text-ink-2">{error.fix}</span>{' '}
      <span className="font-mono text-[0.82rem] text-ink-3">{error.code}</span>
    </p>
  )
}

type TextProps = Input & {
  readonly label: ReactNode
  readonly value: string
  readonly onChange: (value: string) => void
  readonly hint?: ReactNode
  readonly error?: ApiError | undefined
  /** what stands beside the field, such as ready values */
  readonly after?: ReactNode
}

/** A line of text with its name above it, a hint below, and what is wrong with it. */
export const TextField = ({ label, value, onChange, hint, className = '', error, after, ...input }: TextProps) => {
  const id = useId()
  const said = [hint === undefined ? [] : [`${id}-hint`], error === undefined ? [] : [`${id}-error`]].flat().join(' ')
  return (
    <div>
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <div className="mt-1 flex flex-wrap gap-2">
        <input
          autoComplete="off"
          spellCheck={false}
          {...input}
          id={id}
          className={`field ${className}`}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          {...(error === undefined ? {} : { 'aria-invalid': true })}
          {...(said === '' ? {} : { 'aria-describedby': said })}
        />
        {after}
      </div>
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className="mt-1 text-[0.93rem] text-ink-2">
          {hint}
        </p>
      )}
      {error === undefined ? null : <FieldError id={`${id}-error`} error={error} />}
    </div>
  )
}

/** One of a few, each with what it means. */
export const Choice = <T extends string>({
  legend,
  options,
  value,
  onChange,
  error,
}: {
  readonly legend: string
  readonly options: readonly (readonly [key: T, name: string, means?: ReactNode])[]
  readonly value: T
  readonly onChange: (value: T) => void
  readonly error?: ApiError | undefined
}) => {
  const id = useId()
  return (
    <fieldset>
      <legend className="font-medium">{legend}</legend>
      <div className="mt-1 grid gap-1.5">
        {options.map(([key, name, means]) => (
          <label key={key} className="flex items-baseline gap-2.5">
            <input type="radio" name={id} checked={value === key} onChange={() => onChange(key)} className="accent-accent" />
            <span>
              {name} {means === undefined ? null : <span className="text-ink-2">– {means}</span>}
            </span>
          </label>
        ))}
      </div>
      {error === undefined ? null : <FieldError error={error} />}
    </fieldset>
  )
}

/** One of a list, whose name only screen readers need. */
export const Select = <T extends string>({
  label,
  value,
  onChange,
  options,
}: {
  readonly label: string
  readonly value: T
  readonly onChange: (value: T) => void
  readonly options: readonly (readonly [key: T, name: string])[]
}) => (
  <label className="block min-w-0">
    <span className="sr-only">{label}</span>
    <select
      className="field"
      value={value}
      onChange={(event) => onChange(options.find(([key]) => key === event.target.value)?.[0] ?? value)}
    >
      {options.map(([key, name]) => (
        <option key={key} value={key}>
          {name}
        </option>
      ))}
    </select>
  </label>
)
