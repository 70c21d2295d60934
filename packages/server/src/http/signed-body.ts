import { ParapetError } from '@parapet/core'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Services } from '../app/services.js'
import { checkSignature } from '../modules/agents/index.js'
import { decodeText, parseJson } from './body.js'
import type { Principal } from './principal.js'

/** What a signed request brought: its source, its body as the schema reads it, and when it was signed, ms UTC. */
export type Signed<T> = { readonly source: { readonly id: string; readonly name: string }; readonly body: T; readonly signedAt: number }

/**
 * Reads the body of a request that an agent signed with the key that it was enrolled with. The signature is over the bytes, so it is checked before
 * anything is parsed. Errors: `PPT_FORBIDDEN`, `PPT_SIGNATURE_INVALID`, `PPT_BODY_MALFORMED`, `PPT_INVALID`.
 */
export const readSigned = async <T extends z.ZodType>(
  input: { readonly request: FastifyRequest; readonly principal: Principal; readonly body: unknown; readonly services: Services },
  schema: T,
): Promise<Signed<z.output<T>>> => {
  const { principal, services, body } = input
  if (principal.kind !== 'token' || principal.source === undefined)
    throw new ParapetError('PPT_FORBIDDEN', "only with an agent's own token")
  if (!Buffer.isBuffer(body)) throw new ParapetError('PPT_BODY_MALFORMED', 'the body is empty')
  const agent = await services.agents.get(principal.source.id)
  const header = input.request.headers['parapet-signature']
  const signedAt = checkSignature(typeof header === 'string' ? header : undefined, body, agent.publicKey, services.clock())
  const parsed = schema.safeParse(parseJson(decodeText(body)))
  if (parsed.error !== undefined) {
    const [issue] = parsed.error.issues
    throw new ParapetError(
      'PPT_INVALID',
      `body: ${(issue?.path ?? []).map(String).join('.').slice(0, 80)}: ${issue?.message ?? 'not as it should be'}`,
    )
  }
  return { source: principal.source, body: parsed.data, signedAt }
}
