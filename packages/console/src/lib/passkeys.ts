import { ApiError } from './problem.js'

/** Browsers tie passkeys to names of hosts: an address in the URL has none. */
const isAddress = (host: string): boolean => host.startsWith('[') || /^[\d.]+$/.test(host)

/** True where a passkey can be made and used at all. */
export const passkeysPossible = (
  here: { readonly hostname: string; readonly secure: boolean; readonly api: boolean } = {
    hostname: location.hostname,
    secure: isSecureContext,
    api: 'PublicKeyCredential' in window,
  },
): boolean => here.api && here.secure && !isAddress(here.hostname)

/** What the browser said about a passkey, as a page shows it. It never says whether there was none or somebody pressed Cancel. */
export const passkeyTrouble = (error: unknown): unknown => {
  if (!(error instanceof Error) || error instanceof ApiError) return error
  const { name } = error
  if (name === 'InvalidStateError')
    return new ApiError({
      status: 0,
      code: 'PASSKEY_KNOWN',
      title: 'This device holds a passkey for your account already',
      fix: 'Use another device or security key.',
    })
  if (name === 'NotAllowedError' || name === 'AbortError')
    return new ApiError({
      status: 0,
      code: 'PASSKEY_CANCELLED',
      title: 'No passkey was given',
      fix: 'It was cancelled, took too long, or this device holds none. Try again, or take another way.',
    })
  if (name === 'SecurityError')
    return new ApiError({
      status: 0,
      code: 'PASSKEY_HOST',
      title: 'Passkeys do not work at this address',
      fix: 'Open the console under the name that it was set up with, such as http://localhost:8700.',
    })
  return error
}
