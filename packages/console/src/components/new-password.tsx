import { judgeLength, PASSWORD_MIN } from '../lib/password.js'
import { PasswordField } from './password-field.js'

/** The field for a password that somebody chooses, with a word on its length. */
export const NewPassword = ({
  label = 'Password',
  value,
  onChange,
  focus = false,
}: {
  readonly label?: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly focus?: boolean
}) => {
  const { step, words } = judgeLength(value)
  return (
    <PasswordField label={label} value={value} onChange={onChange} autoComplete="new-password" minLength={PASSWORD_MIN} focus={focus}>
      <div className="grid grid-cols-3 gap-1" aria-hidden>
        {[1, 2, 3].map((part) => (
          <div key={part} className={`h-1 ${part <= step ? (step === 1 ? 'bg-medium' : 'bg-accent') : 'bg-line'}`} />
        ))}
      </div>
      <p className="mt-1.5 text-[0.93rem] text-ink-2" aria-live="polite">
        {words}
      </p>
    </PasswordField>
  )
}
