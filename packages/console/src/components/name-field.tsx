/** The field for an operator's name, on every page that lets somebody in. */
export const NameField = ({
  value,
  onChange,
  maxLength,
  passkeys = false,
}: {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly maxLength: number
  /** the browser may offer passkeys here */
  readonly passkeys?: boolean
}) => (
  <div>
    <label htmlFor="name" className="font-medium">
      Name
    </label>
    <input
      id="name"
      name="username"
      className="field mt-1"
      required
      maxLength={maxLength}
      autoComplete={passkeys ? 'username webauthn' : 'username'}
      autoCapitalize="off"
      spellCheck={false}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  </div>
)
