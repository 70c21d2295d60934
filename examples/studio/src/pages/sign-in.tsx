import { render } from './layout.js'
import type { Code, Errors, LinkFailed, MailSent, Reset, ResetNew, Shell, SignIn, SignUp, StepUp, Verify } from './models.js'
import { Field, FormError, Hidden, PasskeyButton, Password } from './parts.js'

const failed = (errors: Errors<string> | undefined): boolean => Object.values(errors ?? {}).some((error) => error !== undefined)

const EmailField = ({ value, error, focus = false }: { value: string | undefined; error?: string | undefined; focus?: boolean }) => (
  <Field
    name="email"
    label="E-mail address"
    type="email"
    autoComplete={focus ? 'username' : 'email'}
    autoCapitalize="none"
    spellCheck={false}
    required
    maxLength={254}
    defaultValue={value}
    error={error}
  />
)

/** Creates an account; the answer to the form is the same for every address. */
export const signUpPage = (shell: Shell, { values, errors }: SignUp): string =>
  render(
    shell,
    { title: 'Sign up', narrow: true, failed: failed(errors) },
    <>
      <h1>Sign up</h1>
      <p className="lead">We send you a mail with a link. The account is yours once you have followed it.</p>
      <FormError errors={errors} />
      <form method="post" action="/sign-up" className="card">
        <EmailField value={values?.email} error={errors?.email} />
        <Field
          name="name"
          label="Your name"
          autoComplete="name"
          required
          maxLength={80}
          defaultValue={values?.name}
          error={errors?.name}
          hint="As others see it beside your documents."
        />
        <Password fresh error={errors?.password} />
        <button type="submit" className="solid wide">
          Sign up
        </button>
      </form>
      <p className="after">
        You have an account? <a href="/sign-in">Sign in</a>
      </p>
    </>,
  )

/** After a form that sends mail; the same whether the address is known or not. */
export const mailSentPage = (shell: Shell, { about }: MailSent): string =>
  render(
    shell,
    { title: 'Look into your mail', narrow: true },
    <>
      <h1>Look into your mail</h1>
      <div className="card">
        <p>
          {about === 'sign-up'
            ? 'We have sent you a mail. Follow its link to confirm your address; if you have an account already, the mail says so.'
            : 'If there is an account with this address, we have sent a mail with a link for a new password.'}
        </p>
        <p className="quiet">Nothing there after a few minutes? Look into the folder for unwanted mail, or try again.</p>
        <p>
          <a href={about === 'sign-up' ? '/sign-up' : '/reset'}>Try again</a>
        </p>
      </div>
    </>,
  )

/** Behind the link of the first mail. */
export const verifyPage = (shell: Shell, { token, errors }: Verify): string =>
  render(
    shell,
    { title: 'Confirm your address', narrow: true, failed: failed(errors) },
    <>
      <h1>Confirm your address</h1>
      <FormError errors={errors} />
      <form method="post" action="/verify" className="card">
        <p>Give the password that you have chosen, and the account is yours. Somebody who only typed your address does not know it.</p>
        <Hidden values={{ token }} />
        <Password error={errors?.password} />
        <button type="submit" className="solid wide">
          Confirm
        </button>
      </form>
    </>,
  )

/** A link of a mail that does not work any more. */
export const linkFailedPage = (shell: Shell, { about }: LinkFailed): string =>
  render(
    shell,
    { title: 'This link does not work', narrow: true },
    <>
      <h1>This link does not work</h1>
      <div className="card">
        <p>It was used already, is too old, or was cut on its way. Ask for a new one; the newest works.</p>
        <p>
          <a className="button" href={about === 'sign-up' ? '/sign-up' : '/reset'}>
            {about === 'sign-up' ? 'Sign up again' : 'Ask for a new link'}
          </a>
        </p>
      </div>
    </>,
  )

/** The first step of signing in. */
export const signInPage = (shell: Shell, { email, next, errors }: SignIn): string =>
  render(
    shell,
    { title: 'Sign in', narrow: true, passkey: true, failed: failed(errors) },
    <>
      <h1>Sign in</h1>
      <FormError errors={errors} />
      <div className="card">
        <form method="post" action="/sign-in">
          <EmailField value={email} focus />
          <Password />
          <Hidden values={{ next }} />
          <button type="submit" className="solid wide">
            Sign in
          </button>
        </form>
        <p className="or">or</p>
        <PasskeyButton act="sign-in" label="Use a passkey" next={next} />
      </div>
      <p className="after">
        <a href="/reset">Set a new password</a> · New here? <a href="/sign-up">Sign up</a>
      </p>
    </>,
  )

const CodeField = ({ hint, error }: { hint: string; error: string | undefined }) => (
  <Field
    name="code"
    label="Code"
    className="code"
    autoComplete="one-time-code"
    autoCapitalize="none"
    spellCheck={false}
    required
    maxLength={40}
    hint={hint}
    error={error}
    first
  />
)
const EITHER = 'The six digits of your app, or one of your recovery codes.'

/** The second step. */
export const codePage = (shell: Shell, { code, passkey, next, errors }: Code): string =>
  render(
    shell,
    { title: 'Second step', narrow: true, passkey, failed: failed(errors) },
    <>
      <h1>Second step</h1>
      <p className="lead">The password was right. Show that it is you.</p>
      <FormError errors={errors} />
      <div className="card">
        {code ? (
          <form method="post" action="/sign-in/code">
            <CodeField hint={EITHER} error={errors?.code} />
            <Hidden values={{ next }} />
            <button type="submit" className="solid wide">
              Go on
            </button>
          </form>
        ) : null}
        {code && passkey ? <p className="or">or</p> : null}
        {passkey ? <PasskeyButton act="sign-in" label="Use a passkey" next={next} /> : null}
      </div>
      <p className="after">
        <a href="/sign-in">Begin again</a>
      </p>
    </>,
  )

/** Asks for a mail with a link for a new password. */
export const resetPage = (shell: Shell, { email, errors }: Reset): string =>
  render(
    shell,
    { title: 'Set a new password', narrow: true, failed: failed(errors) },
    <>
      <h1>Set a new password</h1>
      <p className="lead">We send a link to your address. Your second factor stays as it is.</p>
      <FormError errors={errors} />
      <form method="post" action="/reset" className="card">
        <EmailField value={email} error={errors?.email} />
        <button type="submit" className="solid wide">
          Send the link
        </button>
      </form>
      <p className="after">
        <a href="/sign-in">Back to signing in</a>
      </p>
    </>,
  )

/** Behind the link of that mail. */
export const resetNewPage = (shell: Shell, { token, errors }: ResetNew): string =>
  render(
    shell,
    { title: 'Your new password', narrow: true, failed: failed(errors) },
    <>
      <h1>Your new password</h1>
      <p className="lead">All your sessions end, and you sign in with the new one.</p>
      <FormError errors={errors} />
      <form method="post" action="/reset/new" className="card">
        <Password fresh label="New password" error={errors?.password} />
        <Hidden values={{ token }} />
        <button type="submit" className="solid wide">
          Set the password
        </button>
      </form>
    </>,
  )

/** A proof before a dangerous act. */
export const stepUpPage = (shell: Shell, { next, password, code, passkey, errors }: StepUp): string =>
  render(
    shell,
    { title: 'Prove that it is you', narrow: true, passkey, failed: failed(errors) },
    <>
      <h1>Prove that it is you</h1>
      <p className="lead">What you are about to do needs a fresh proof. Then it goes on where you were.</p>
      <FormError errors={errors} />
      <div className="card">
        {password || code ? (
          <form method="post" action="/step-up">
            {password ? <Password error={errors?.password} /> : null}
            {code ? <CodeField hint={EITHER} error={errors?.code} /> : null}
            <Hidden values={{ next }} />
            <button type="submit" className="solid wide">
              Go on
            </button>
          </form>
        ) : null}
        {(password || code) && passkey ? <p className="or">or</p> : null}
        {passkey ? <PasskeyButton act="step-up" label="Use a passkey" next={next} /> : null}
      </div>
      <p className="after">
        <a href="/">Leave it</a>
      </p>
    </>,
  )
