import { sign } from 'node:crypto'
import { type AgentAlerts, type AgentEnrolled, type AgentEnrolment, type AgentHeartbeat, type Clock, ParapetError } from '@parapet/core'
import type { Identity } from './identity.js'

/** The part of `fetch` that is used. */
export type Fetch = typeof globalThis.fetch

const TIMEOUT_MS = 10_000
const CODE = /^PPT_[A-Z_]{1,60}$/

/** `t=<ms>, v1=<signature>`: Ed25519 over the time, a dot and the body, so that neither can be changed or sent again later. */
export const signBody = (privateKey: string, at: number, body: string): string =>
  `t=${at}, v1=${sign(null, Buffer.from(`${at}.${body}`), privateKey).toString('base64url')}`

const post = async (fetch: Fetch, url: string, body: string, headers: Readonly<Record<string, string>>): Promise<Response> => {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      // a redirect would carry the token to another place
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new ParapetError('PPT_CONTROL_PLANE', cause instanceof Error ? cause.message.slice(0, 200) : 'no answer', { cause: error })
  }
}

const refusal = async (response: Response): Promise<ParapetError> => {
  const answer = (await response.json().catch(() => undefined)) as { code?: unknown; detail?: unknown } | undefined
  const code = typeof answer?.code === 'string' && CODE.test(answer.code) ? ` ${answer.code}` : ''
  return new ParapetError(
    response.status === 401 && code === ' PPT_TOKEN_INVALID' ? 'PPT_TOKEN_INVALID' : 'PPT_CONTROL_PLANE',
    `HTTP ${response.status}${code}`,
  )
}

/** Lets this host in with a one-time token. Throws `PPT_TOKEN_INVALID`, `PPT_CONTROL_PLANE`. */
export const postEnrolment = async (fetch: Fetch, server: string, enrolment: AgentEnrolment): Promise<AgentEnrolled> => {
  const response = await post(fetch, `${server}/v1/agents/enrol`, JSON.stringify(enrolment), {})
  if (!response.ok) throw await refusal(response)
  const answer = (await response.json().catch(() => undefined)) as Partial<AgentEnrolled> | undefined
  if (typeof answer?.token !== 'string' || typeof answer.sourceId !== 'string' || typeof answer.name !== 'string')
    throw new ParapetError('PPT_CONTROL_PLANE', 'the answer is not that of a control plane')
  return { token: answer.token, sourceId: answer.sourceId, name: answer.name }
}

/** What an enrolled agent tells about itself. Both reject with `PPT_CONTROL_PLANE`. */
export type ControlPlane = {
  heartbeat: (health: AgentHeartbeat) => Promise<void>
  alerts: (alerts: AgentAlerts['alerts']) => Promise<void>
}

/** Speaks for an enrolled agent; every body is signed with its own key, so that a token alone cannot play a living agent. */
export const createControlPlane = (
  identity: Pick<Identity, 'server' | 'token' | 'privateKey'>,
  fetch: Fetch,
  clock: Clock,
): ControlPlane => {
  let last = 0
  const tell = async (path: string, value: unknown): Promise<void> => {
    const body = JSON.stringify(value)
    // heartbeats must rise, also when the clock was set back a little
    last = Math.max(clock(), last + 1)
    const response = await post(fetch, `${identity.server}${path}`, body, {
      authorization: `Bearer ${identity.token}`,
      'parapet-signature': signBody(identity.privateKey, last, body),
    })
    if (!response.ok) throw await refusal(response)
  }
  return {
    heartbeat: (health) => tell('/v1/agents/heartbeat', health),
    alerts: (alerts) => tell('/v1/agents/alerts', { alerts } satisfies AgentAlerts),
  }
}
