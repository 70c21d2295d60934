import type { InputHTMLAttributes, ReactNode } from 'react'
import type { Choice, Errors, Status } from './models.js'

/** Characters that change how the text around them reads: controls, and those that turn its direction. */
// oxlint-disable-next-line no-control-regex -- these are what is taken out
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** Text of people as it may be shown: what cannot be seen in it is made visible. Escaping is React's. */
export const shown = (text: string): string => text.replaceAll(UNSEEN, '\ufffd')

/** Text of people between words of ours, which its direction of writing leaves alone. */
export const Text = ({ children }: { children: string }) => <bdi>{shown(children)}</bdi>

const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' })

/** A time in ms UTC, to the minute. */
export const When = ({ at }: { at: number | undefined }) => {
  const date = new Date(at ?? Number.NaN)
  if (Number.isNaN(date.getTime())) return <span className="quiet">never</span>
  return (
    <time dateTime={date.toISOString()}>
      {DATE.format(date)} <span className="quiet">{TIME.format(date)}</span>
    </time>
  )
}

/** A path of this site from parts that may hold anything. */
export const path = (first: string, ...parts: readonly string[]): string => [first, ...parts.map(encodeURIComponent)].join('/')

/** A link that the server made, if it stays on this site. */
export const localHref = (href: string): string => (/^\/(?![/\\])/.test(href) ? href : '#')

/** `1 document`, `2 documents`. */
export const count = (n: number, one: string): string => `${n.toLocaleString('en-GB')} ${one}${n === 1 ? '' : 's'}`

/** The words and the mark of a state; the mark differs by shape, not by colour alone. */
export const STATUSES: Readonly<Record<Status, string>> = { draft: 'Draft', review: 'In review', approved: 'Approved' }
export const StatusMark = ({ status }: { status: Status }) => <span className={`mark ${status}`}>{STATUSES[status]}</span>

/** What went wrong with the whole form, said before it. */
export const FormError = ({ errors }: { errors: Errors<string> | undefined }) =>
  errors?.form === undefined ? null : (
    <div className="notice bad" role="alert">
      <p>{shown(errors.form)}</p>
    </div>
  )

type Described = { readonly id: string; readonly hint: string | undefined; readonly error: string | undefined }
/** What a field's `aria-describedby` names: the hint and the error that are there. */
const described = ({ id, hint, error }: Described) => ({
  'aria-describedby':
    [hint === undefined ? '' : `${id}-hint`, error === undefined ? '' : `${id}-error`].filter((one) => one !== '').join(' ') || undefined,
  'aria-invalid': error === undefined ? undefined : (true as const),
})

/** A label, the hint and the error of a field around the field itself. */
const Labelled = ({ id, label, hint, error, children }: Described & { readonly label: string; readonly children: ReactNode }) => (
  <div className="field">
    <label htmlFor={id}>{label}</label>
    {hint === undefined ? null : (
      <p className="hint" id={`${id}-hint`}>
        {hint}
      </p>
    )}
    {children}
    {error === undefined ? null : (
      <p className="error" id={`${id}-error`}>
        {shown(error)}
      </p>
    )}
  </div>
)

type FieldProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'id'> & {
  readonly name: string
  readonly label: string
  readonly id?: string
  readonly hint?: string | undefined
  readonly error?: string | undefined
  /** has the focus when the page opens, as it has after an error */
  readonly first?: boolean
}

/** A field of one line with its label. */
export const Field = ({ name, label, id = name, hint, error, first = false, ...rest }: FieldProps) => (
  <Labelled id={id} label={label} hint={hint} error={error}>
    <input
      id={id}
      name={name}
      {...described({ id, hint, error })}
      {...(error === undefined && !first ? {} : { autoFocus: true })}
      {...rest}
    />
  </Labelled>
)

type AreaProps = {
  readonly name: string
  readonly label: string
  readonly value: string
  readonly rows: number
  readonly max: number
  readonly hint?: string | undefined
  readonly error?: string | undefined
  readonly required?: boolean
}

/** A field of several lines. */
export const Area = ({ name, label, value, rows, max, hint, error, required = false }: AreaProps) => (
  <Labelled id={name} label={label} hint={hint} error={error}>
    <textarea
      id={name}
      name={name}
      rows={rows}
      maxLength={max}
      required={required}
      defaultValue={value}
      {...described({ id: name, hint, error })}
    />
  </Labelled>
)

type PickProps = {
  readonly name: string
  readonly label: string
  readonly value: string
  readonly choices: readonly Choice[]
  readonly id?: string
  readonly hint?: string | undefined
  readonly error?: string | undefined
}

/** A choice of a list. */
export const Pick = ({ name, label, value, choices, id = name, hint, error }: PickProps) => (
  <Labelled id={id} label={label} hint={hint} error={error}>
    <select id={id} name={name} defaultValue={value} {...described({ id, hint, error })}>
      {choices.map((choice) => (
        <option key={choice.id} value={choice.id}>
          {shown(choice.name)}
        </option>
      ))}
    </select>
  </Labelled>
)

/** A new password or the present one. */
export const Password = ({
  name = 'password',
  label = 'Password',
  fresh = false,
  error,
}: {
  name?: string
  label?: string
  fresh?: boolean
  error?: string | undefined
}) => (
  <Field
    name={name}
    label={label}
    type="password"
    autoComplete={fresh ? 'new-password' : 'current-password'}
    required
    maxLength={256}
    error={error}
    hint={fresh ? 'Long beats complicated: a few words that you do not use elsewhere.' : undefined}
  />
)

/** Fields that nobody sees; those without a value are left out. */
export const Hidden = ({ values }: { values: Readonly<Record<string, string | undefined>> }) =>
  Object.entries(values).map(([name, value]) => (value === undefined ? null : <input key={name} type="hidden" name={name} value={value} />))

type ConfirmProps = {
  /** what is to be done, and to which thing: `Remove`, `Phone` */
  readonly act: string
  readonly what?: string
  readonly says: string
  readonly action: string
  readonly fields?: Readonly<Record<string, string>>
  readonly danger?: boolean
}

/** A dangerous act in two steps, without a script: the first opens what will happen, the second does it. */
export const Confirm = ({ act, what, says, action, fields, danger = true }: ConfirmProps) => (
  <details className="confirm">
    <summary className={danger ? 'button small danger' : 'button small'}>
      {act}
      {what === undefined ? null : <span className="unseen"> {shown(what)}</span>}
    </summary>
    <form method="post" action={action}>
      <p>{says}</p>
      {fields === undefined ? null : <Hidden values={fields} />}
      <button type="submit" className={danger ? 'danger solid' : 'solid'}>
        Yes, {act.toLowerCase()}
        {what === undefined ? null : <span className="unseen"> {shown(what)}</span>}
      </button>
    </form>
  </details>
)

/** A place where something will be, and what to do until then. */
export const Empty = ({ title, children }: { title: string; children: ReactNode }) => (
  <div className="empty">
    <p>
      <strong>{title}</strong>
    </p>
    <p>{children}</p>
  </div>
)

/** A button that `passkey.js` brings to life, and where it tells what happens. */
export const PasskeyButton = ({
  act,
  label,
  next,
}: {
  act: 'sign-in' | 'step-up' | 'register'
  label: string
  next?: string | undefined
}) => (
  <div className="passkey">
    <button type="button" data-passkey={act} data-next={next} aria-describedby="passkey-says">
      <svg aria-hidden="true" viewBox="0 0 20 20" width="20" height="20">
        <path
          d="M8 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM1.5 17a6.5 6.5 0 0 1 9-6M15 9a2.5 2.5 0 0 1 1 4.8V18l-1.5-1.5L16 15"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.6"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      {label}
    </button>
    <output id="passkey-says" className="hint"></output>
    <noscript>
      <p className="hint">Passkeys need JavaScript, which is off in this browser.</p>
    </noscript>
  </div>
)

/** Newer and older pages of a list, keeping what it is filtered by. */
export const Paging = ({
  action,
  query,
  page,
  more,
  of,
}: {
  action: string
  query: Readonly<Record<string, string>>
  page: number
  more: boolean
  of?: number
}) => {
  if (page <= 1 && !more) return null
  const to = (n: number): string => {
    const kept = Object.entries({ ...query, page: String(n) }).filter(([, value]) => value !== '')
    return `${action}?${new URLSearchParams(kept).toString()}`
  }
  return (
    <nav className="paging" aria-label="Pages">
      {page > 1 ? (
        <a className="button small" rel="prev" href={to(page - 1)}>
          Previous page
        </a>
      ) : null}
      <span>
        Page {page}
        {of === undefined ? '' : ` of ${of}`}
      </span>
      {more ? (
        <a className="button small" rel="next" href={to(page + 1)}>
          Next page
        </a>
      ) : null}
    </nav>
  )
}
