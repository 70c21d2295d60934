import { render } from './layout.js'
import type { Account, Factor, RecoveryCodes, Security, SessionRow, Shell, Totp } from './models.js'
import { Confirm, count, Empty, Field, FormError, Hidden, PasskeyButton, Password, shown, Text, When } from './parts.js'

const failed = (errors: object | undefined): boolean => Object.keys(errors ?? {}).length > 0

const Tabs = ({ at }: { at: 'account' | 'security' }) => (
  <nav aria-label="Your account" className="tabs">
    <a href="/account" aria-current={at === 'account' ? 'page' : undefined}>
      Your data
    </a>
    <a href="/account/security" aria-current={at === 'security' ? 'page' : undefined}>
      Sign-in and sessions
    </a>
  </nav>
)

/** Name and number of the person. */
export const accountPage = (shell: Shell, { email, values, errors }: Account): string =>
  render(
    shell,
    { title: 'Your account', section: 'Account', failed: failed(errors) },
    <div className="reading">
      <h1>Your account</h1>
      <Tabs at="account" />
      <FormError errors={errors} />
      <form method="post" action="/account">
        <dl>
          <dt>E-mail address</dt>
          <dd>
            <Text>{email}</Text>
          </dd>
        </dl>
        <Field name="name" label="Your name" autoComplete="name" required maxLength={80} defaultValue={values.name} error={errors?.name} />
        <Field
          name="phone"
          label="Phone number (optional)"
          type="tel"
          autoComplete="tel"
          maxLength={40}
          defaultValue={values.phone}
          error={errors?.phone}
          hint="With its country, such as +49 30 1234567. Kept sealed; only you see it."
        />
        <button type="submit" className="solid">
          Save
        </button>
      </form>
    </div>,
  )

const Factors = ({ rows, action }: { rows: readonly Factor[]; action: string }) => (
  <ul className="lines factors">
    {rows.map((row) => (
      <li key={row.id}>
        <div>
          <strong>
            <Text>{row.name}</Text>
          </strong>
          <span className="quiet">
            added <When at={row.createdAt} /> · last used <When at={row.usedAt} />
          </span>
        </div>
        <Confirm
          act="Remove"
          what={row.name}
          says="It will not work any more for signing in. If it is the last one, your recovery codes go too."
          action={action}
          fields={{ id: row.id }}
        />
      </li>
    ))}
  </ul>
)

const Sessions = ({ rows }: { rows: readonly SessionRow[] }) => (
  <ul className="lines factors" aria-label="Sessions">
    {rows.map((row) => (
      <li key={row.id}>
        <div>
          <strong>
            <Text>{row.device}</Text>
          </strong>{' '}
          {row.current ? <span className="mark approved">this one</span> : null}
          <span className="quiet">
            {row.place === undefined ? null : (
              <>
                <Text>{row.place}</Text> ·{' '}
              </>
            )}
            {row.address === undefined ? null : (
              <>
                <Text>{row.address}</Text> ·{' '}
              </>
            )}
            since <When at={row.createdAt} /> · last used <When at={row.seenAt} />
          </span>
        </div>
        {row.current ? null : (
          <form method="post" action="/account/sessions/end">
            <Hidden values={{ id: row.id }} />
            <button type="submit" className="small">
              End<span className="unseen"> {shown(row.device)}</span>
            </button>
          </form>
        )}
      </li>
    ))}
  </ul>
)

/** Ways of signing in, and where this account is signed in. */
export const securityPage = (shell: Shell, { apps, passkeys, recoveryCodesLeft, sessions, errors }: Security): string => {
  const others = sessions.filter(({ current }) => !current).length
  const factors = apps.length + passkeys.length
  return render(
    shell,
    { title: 'Sign-in and sessions', section: 'Account', passkey: true, failed: failed(errors) },
    <div className="reading">
      <h1>Sign-in and sessions</h1>
      <Tabs at="security" />
      <FormError errors={errors} />
      {factors > 0 ? null : (
        <div className="notice">
          <p>Only a password stands before this account. Add a passkey or an authenticator app, and it takes more than the password.</p>
        </div>
      )}
      <section aria-labelledby="passkeys">
        <h2 id="passkeys">Passkeys</h2>
        {passkeys.length === 0 ? (
          <Empty title="No passkeys">Your device or a security key signs you in, and nobody can talk you out of it.</Empty>
        ) : (
          <Factors rows={passkeys} action="/account/passkeys/remove" />
        )}
        <Field id="passkey-name" name="passkey-name" label="A name for a new passkey (optional)" maxLength={60} autoComplete="off" />
        <PasskeyButton act="register" label="Add a passkey" />
      </section>
      <section aria-labelledby="apps">
        <h2 id="apps">Authenticator apps</h2>
        {apps.length === 0 ? (
          <Empty title="No app">An app on your phone shows six digits that change every half minute.</Empty>
        ) : (
          <Factors rows={apps} action="/account/totp/remove" />
        )}
        <form method="post" action="/account/totp">
          <button type="submit">Set up an app</button>
        </form>
      </section>
      <section aria-labelledby="codes">
        <h2 id="codes">Recovery codes</h2>
        {factors === 0 ? (
          <p className="quiet">They come with your first second factor.</p>
        ) : (
          <>
            <p>
              {recoveryCodesLeft === 0 ? (
                <strong>No codes left. Make new ones before you need them.</strong>
              ) : (
                `${count(recoveryCodesLeft, 'code')} left. Each signs you in once when your other factor is out of reach.`
              )}
            </p>
            <Confirm
              act="Make new codes"
              says="You get ten new codes, shown once. The old ones stop working."
              action="/account/recovery-codes"
              danger={false}
            />
          </>
        )}
      </section>
      <section aria-labelledby="sessions">
        <h2 id="sessions">Where you are signed in</h2>
        <Sessions rows={sessions} />
        {others === 0 ? null : (
          <Confirm
            act="End all others"
            says={`${count(others, 'other session')} will have to sign in again.`}
            action="/account/sessions/end-others"
          />
        )}
      </section>
      <section aria-labelledby="change-password">
        <h2 id="change-password">Password</h2>
        <form method="post" action="/account/password">
          <input type="text" name="username" autoComplete="username" value={shell.user?.email ?? ''} readOnly hidden />
          <Password name="current" label="Current password" error={errors?.current} />
          <Password fresh label="New password" error={errors?.password} />
          <button type="submit">Change the password</button>
        </form>
      </section>
    </div>,
  )
}

/** Sets up an authenticator app; the secret is shown once, as a picture and as text. */
export const totpPage = (shell: Shell, { enrolment, secret, svg, errors }: Totp): string =>
  render(
    shell,
    { title: 'Set up an app', section: 'Account', narrow: true, failed: failed(errors) },
    <>
      <h1>Set up an app</h1>
      <FormError errors={errors} />
      <form method="post" action="/account/totp/confirm" className="card">
        {secret === undefined || svg === undefined ? (
          <p>Your app has the entry already: type the code that it shows now. The secret is shown only once.</p>
        ) : (
          <>
            <p>Scan this with your authenticator app, or type the secret into it.</p>
            <img
              className="qr"
              src={`data:image/svg+xml,${encodeURIComponent(svg)}`}
              alt="QR code of the secret"
              width="200"
              height="200"
            />
            <p>
              <span className="quiet">Secret</span>
              <code className="secret" data-secret>
                {secret.match(/.{1,4}/g)?.join(' ') ?? ''}
              </code>
            </p>
          </>
        )}
        <Hidden values={{ enrolment }} />
        <Field
          name="code"
          label="Code"
          className="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          maxLength={12}
          hint="The six digits that the app shows now."
          error={errors?.code}
        />
        <button type="submit" className="solid wide">
          Confirm
        </button>
      </form>
      <form method="post" action="/account/totp" className="after">
        <a href="/account/security">Leave it</a> ·{' '}
        <button type="submit" className="link">
          Begin again with a new secret
        </button>
      </form>
    </>,
  )

/** Recovery codes, shown once. */
export const recoveryCodesPage = (shell: Shell, { codes }: RecoveryCodes): string =>
  render(
    shell,
    { title: 'Your recovery codes', section: 'Account', narrow: true },
    <>
      <h1>Your recovery codes</h1>
      <div className="card">
        <p>
          <strong>They are shown only now.</strong> Print this page, or copy them into your password manager. Each signs you in once when
          your other factor is out of reach.
        </p>
        <ol className="codes" aria-label="Recovery codes">
          {codes.map((code) => (
            <li key={code}>
              <code>{shown(code)}</code>
            </li>
          ))}
        </ol>
        <p className="quiet">To print, press Ctrl+P, or ⌘P on a Mac. To copy, click once into the list: all of it is marked then.</p>
        <p className="acts">
          <a className="button solid" href="/account/security">
            I have kept them
          </a>
        </p>
      </div>
    </>,
  )
