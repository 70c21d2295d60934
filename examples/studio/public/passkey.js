// The only script of the site: what a passkey needs of the browser. Everything else works without it.
import { browserSupportsWebAuthn, startAuthentication, startRegistration } from './webauthn/index.js'

const ACTS = {
  'sign-in': { path: '/sign-in/passkey', run: startAuthentication },
  'step-up': { path: '/step-up/passkey', run: startAuthentication },
  register: { path: '/account/passkeys', run: startRegistration },
}

/** What went wrong in the browser, in words that say what to do next. */
const SAYS = {
  NotAllowedError: 'Nothing was chosen, or it took too long. Press the button to try again.',
  InvalidStateError: 'This device holds a passkey for your account already. Sign in with it, or use another device.',
  SecurityError: 'Passkeys do not work at this address. Open the site by its proper name.',
}
const AWAY = 'The server could not be reached. Check your connection, and try again.'

const post = async (path, body) => {
  let response
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    })
  } catch {
    throw new Error(AWAY)
  }
  const answer = await response.json().catch(() => ({}))
  if (response.ok || typeof answer.next === 'string') return answer
  throw new Error(typeof answer.detail === 'string' ? answer.detail : 'That did not work. Try again, or use another way.')
}

/** Goes on to a page of this site; an address of another one is not followed. */
const follow = (next) => {
  const url = new URL(next, location.origin)
  location.assign(url.origin === location.origin ? url.href : '/')
}

/** One passkey from beginning to end; says where to go next. */
const perform = async ({ path, run }, next) => {
  const options = await post(`${path}/options`, {})
  if (typeof options.next === 'string') return options.next
  const response = await run({ optionsJSON: options })
  const answer = await post(`${path}/verify`, { response, next, name: document.getElementById('passkey-name')?.value })
  return answer.next ?? '/'
}

for (const button of document.querySelectorAll('button[data-passkey]')) {
  const output = document.getElementById(button.getAttribute('aria-describedby'))
  const say = (text, kind = 'hint') => {
    output.className = kind
    output.textContent = text
  }
  let busy = false
  const press = () => {
    if (busy) return
    busy = true
    button.setAttribute('aria-busy', 'true')
    say('Follow what your browser asks …')
    perform(ACTS[button.dataset.passkey], button.dataset.next)
      .then(follow)
      .catch((error) => say(SAYS[error.name] ?? error.message, 'error'))
      .finally(() => {
        busy = false
        button.removeAttribute('aria-busy')
      })
  }
  if (browserSupportsWebAuthn()) {
    button.addEventListener('click', press)
  } else {
    // not `disabled`: it stays within reach of the keyboard, so that the reason is read out
    button.setAttribute('aria-disabled', 'true')
    say('This browser cannot use passkeys here. Use another way, or a newer browser over HTTPS.')
  }
}
