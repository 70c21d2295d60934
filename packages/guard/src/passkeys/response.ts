import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'

/** Characters of one part of an answer: attestations with certificates stay well below. */
const LONGEST_PART = 32_768
/** Characters of a credential id: 1,023 bytes as base64url. Source: WebAuthn Level 3, section 4. */
const LONGEST_ID = 1_364
const BASE64URL = /^[\w-]+$/

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

const isPart = (value: unknown, most: number): value is string => typeof value === 'string' && value.length <= most && BASE64URL.test(value)

/** An answer with the parts that its kind needs, each bounded, and nothing else; `undefined` for anything that is none. */
const readResponse = (value: unknown, parts: readonly string[]): { readonly id: string; readonly parts: unknown } | undefined => {
  if (!isFields(value) || value['type'] !== 'public-key' || !isPart(value['id'], LONGEST_ID) || value['rawId'] !== value['id'])
    return undefined
  const response = value['response']
  if (!isFields(response)) return undefined
  const kept: Record<string, unknown> = {}
  for (const part of parts) {
    if (!isPart(response[part], LONGEST_PART)) return undefined
    kept[part] = response[part]
  }
  const { transports, userHandle } = response
  if (Array.isArray(transports))
    kept['transports'] = transports.filter((one) => typeof one === 'string' && /^[a-z-]{1,20}$/.test(one)).slice(0, 8)
  if (isPart(userHandle, 128)) kept['userHandle'] = userHandle
  return { id: value['id'], parts: kept }
}

/** The answer of `navigator.credentials.create`. */
export const readRegistration = (value: unknown): RegistrationResponseJSON | undefined => {
  const read = readResponse(value, ['clientDataJSON', 'attestationObject'])
  if (read === undefined) return undefined
  const response = read.parts as RegistrationResponseJSON['response']
  return { id: read.id, rawId: read.id, type: 'public-key', clientExtensionResults: {}, response }
}

/** The answer of `navigator.credentials.get`. */
export const readAssertion = (value: unknown): AuthenticationResponseJSON | undefined => {
  const read = readResponse(value, ['clientDataJSON', 'authenticatorData', 'signature'])
  if (read === undefined) return undefined
  const response = read.parts as AuthenticationResponseJSON['response']
  return { id: read.id, rawId: read.id, type: 'public-key', clientExtensionResults: {}, response }
}

type WithClientData = { readonly response: { readonly clientDataJSON: string } }

const clientData = (response: WithClientData): Fields => {
  try {
    const data: unknown = JSON.parse(Buffer.from(response.response.clientDataJSON, 'base64url').toString())
    return isFields(data) ? data : {}
  } catch {
    return {}
  }
}

/** The challenge that an answer names: which of ours it is about, to be compared by the check itself as well. */
export const challengeOf = (response: WithClientData): string | undefined => {
  const { challenge } = clientData(response)
  return isPart(challenge, 128) ? challenge : undefined
}

/**
 * Throws for an answer that was given in a frame of another site, where people are led to confirm what they do not see. The library leaves
 * that to us. Source: WebAuthn Level 3, sections 7.1 and 7.2, `crossOrigin` and `topOrigin`.
 */
export const assertOwnPage = (response: WithClientData): void => {
  const { crossOrigin = false, topOrigin } = clientData(response)
  if (crossOrigin !== false || topOrigin !== undefined) throw new Error('given in a frame of another site')
}
