import type { Login, RequestLike } from '@parapet/guard'
import type { FastifyReply } from 'fastify'

/** Makes the browser of somebody who came by a one-time link a known one, and lifts what guesses had locked. */
export type Welcome = (operatorId: string, request: RequestLike, reply: FastifyReply) => Promise<void>

/** Creates the welcome over the login shield. Trouble there keeps nobody out: the link was right. */
export const createWelcome =
  (login: Login): Welcome =>
  async (operatorId, request, reply) => {
    await login.unlock(operatorId).catch(() => undefined)
    const verdict = await login.attempt({ subject: operatorId, method: 'reset_token', request }, () => true)
    if (verdict.kind === 'ok') for (const cookie of verdict.cookies) void reply.header('set-cookie', cookie)
  }
