import { Eye, EyeOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { useEffect, useId, useRef, useState } from 'react'

type Props = {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly autoComplete: 'current-password' | 'new-password'
  readonly minLength?: number
  /** takes the focus when it appears */
  readonly focus?: boolean
  readonly children?: ReactNode
}

/** A password that can be looked at; paste and password managers work. */
export const PasswordField = ({ label, value, onChange, autoComplete, minLength, focus = false, children }: Props) => {
  const id = useId()
  const [shown, setShown] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (focus) field.current?.focus()
  }, [focus])
  return (
    <div>
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <div className="relative mt-1">
        <input
          id={id}
          ref={field}
          name={autoComplete}
          type={shown ? 'text' : 'password'}
          className="field pr-11!"
          required
          maxLength={256}
          minLength={minLength}
          autoComplete={autoComplete}
          autoCapitalize="off"
          spellCheck={false}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          aria-describedby={children === undefined ? undefined : `${id}-hint`}
        />
        <button
          type="button"
          className="absolute inset-y-0 right-0 grid w-10 place-items-center text-ink-2 hover:text-ink"
          onClick={() => setShown(!shown)}
          aria-pressed={shown}
          aria-label="Show password"
        >
          {shown ? <EyeOff size={17} aria-hidden /> : <Eye size={17} aria-hidden />}
        </button>
      </div>
      {children === undefined ? null : (
        <div id={`${id}-hint`} className="mt-1.5">
          {children}
        </div>
      )}
    </div>
  )
}
