import type { AccountView, FactorMethod, NoticeView, OperatorView, PasskeyView, ResetLink, SessionView, TotpEnrolment } from '@parapet/core'
import type { PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser'

import { type Proof, send, type Waiting } from './api.js'

type SignedIn = Waiting | { readonly mfaRequired?: undefined }
type Codes = { readonly recoveryCodes: readonly string[] | null }
type Items<T> = { readonly items: readonly T[] }

const path = (...parts: readonly string[]): string => `/v1/${parts.map(encodeURIComponent).join('/')}`

/** Requests about sign-in, one's own account and other operators: loaded with the pages that make them. */
export const account = {
  // the second step, passkeys, step-up, one-time links
  finishSignIn: (proof: Proof): Promise<unknown> => send('POST', '/v1/session/factor', proof),
  passkeyChallenge: (): Promise<PublicKeyCredentialRequestOptionsJSON> => send('POST', '/v1/session/passkey/challenge'),
  signInWithPasskey: (passkey: unknown): Promise<unknown> => send('POST', '/v1/session/passkey', { passkey }),
  stepUpChallenge: (): Promise<{ readonly methods: readonly FactorMethod[]; readonly passkey?: PublicKeyCredentialRequestOptionsJSON }> =>
    send('POST', '/v1/session/step-up/challenge'),
  stepUp: (proof: Proof): Promise<unknown> => send('POST', '/v1/session/step-up', proof),
  checkReset: (link: string): Promise<{ readonly name: string }> => send('POST', '/v1/reset/check', { link }),
  finishReset: (link: string, password: string): Promise<SignedIn> => send('POST', '/v1/reset', { link, password }),
  // one's own account
  read: (signal?: AbortSignal): Promise<AccountView> => send('GET', '/v1/account', undefined, signal),
  changePassword: (current: string, password: string): Promise<{ readonly sessionsEnded: number }> =>
    send('POST', '/v1/account/password', { current, password }),
  beginTotp: (): Promise<TotpEnrolment & { readonly enrolment: string }> => send('POST', '/v1/account/totp'),
  confirmTotp: (enrolment: string, code: string): Promise<Codes> => send('POST', '/v1/account/totp/confirm', { enrolment, code }),
  removeTotp: (): Promise<unknown> => send('DELETE', '/v1/account/totp'),
  newPasskey: (): Promise<PublicKeyCredentialCreationOptionsJSON> => send('POST', '/v1/account/passkeys/challenge'),
  registerPasskey: (name: string, passkey: unknown): Promise<Codes & { readonly passkey: PasskeyView }> =>
    send('POST', '/v1/account/passkeys', { name, passkey }),
  renamePasskey: (id: string, name: string): Promise<unknown> => send('PATCH', path('account', 'passkeys', id), { name }),
  removePasskey: (id: string): Promise<unknown> => send('DELETE', path('account', 'passkeys', id)),
  makeRecoveryCodes: (): Promise<{ readonly recoveryCodes: readonly string[] }> => send('POST', '/v1/account/recovery-codes'),
  sessions: (signal?: AbortSignal): Promise<Items<SessionView>> => send('GET', '/v1/account/sessions', undefined, signal),
  endSession: (id: string): Promise<unknown> => send('DELETE', path('account', 'sessions', id)),
  endOtherSessions: (): Promise<{ readonly ended: number }> => send('DELETE', '/v1/account/sessions'),
  notices: (signal?: AbortSignal): Promise<Items<NoticeView>> => send('GET', '/v1/account/notices?limit=20', undefined, signal),
  // other operators
  operators: (signal?: AbortSignal): Promise<Items<OperatorView>> => send('GET', '/v1/operators', undefined, signal),
  addOperator: (name: string, password: string, role: string): Promise<unknown> => send('POST', '/v1/operators', { name, password, role }),
  changeRole: (id: string, role: string): Promise<unknown> => send('PATCH', path('operators', id), { role }),
  resetOperator: (id: string): Promise<ResetLink> => send('POST', path('operators', id, 'reset')),
  removeOperator: (id: string): Promise<unknown> => send('DELETE', path('operators', id)),
  endOperatorSessions: (id: string): Promise<{ readonly ended: number }> => send('DELETE', path('operators', id, 'sessions')),
}
