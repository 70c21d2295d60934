import { browserSupportsWebAuthnAutofill, startAuthentication, WebAuthnAbortService } from '@simplewebauthn/browser'
import { useEffect, useRef } from 'react'

import { account } from '../../app/account-api.js'

/**
 * Lets the browser offer passkeys in the field for the name. Nothing is shown when it fails: whoever has none, or presses the button, goes
 * another way.
 */
export const useAutofill = (on: boolean, onSignedIn: () => void): void => {
  const arrived = useRef(onSignedIn)
  useEffect(() => {
    arrived.current = onSignedIn
  })
  useEffect(() => {
    if (!on) return undefined
    let live = true
    const offer = async (): Promise<void> => {
      if (!(await browserSupportsWebAuthnAutofill()) || !live) return
      const optionsJSON = await account.passkeyChallenge()
      if (!live) return
      await account.signInWithPasskey(await startAuthentication({ optionsJSON, useBrowserAutofill: true }))
      if (live) arrived.current()
    }
    offer().catch(() => undefined)
    return () => {
      live = false
      WebAuthnAbortService.cancelCeremony()
    }
  }, [on])
}
