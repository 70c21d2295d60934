import { createHmac, timingSafeEqual } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { signWebhook, webhookKey } from './standard-webhooks.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const AT = 1_614_265_330_000
const BODY = '{"test": 2432232314}'

describe('a signed webhook', () => {
  it('is signed as the specification shows it', () => {
    expect(signWebhook({ id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: AT, body: BODY, secrets: [SECRET] })).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('carries two signatures while its secret changes: each receiver finds its own', () => {
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
    const { 'webhook-signature': signature = '' } = signWebhook({ id: 'a', at: AT, body: BODY, secrets: [other, SECRET] })
    const parts = signature.split(' ')
    expect(parts).toHaveLength(2)
    for (const [index, secret] of [other, SECRET].entries()) {
      const made = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
        .update(`a.${AT / 1_000}.${BODY}`)
        .digest()
      expect(timingSafeEqual(made, Buffer.from(parts[index]?.slice(3) ?? '', 'base64'))).toBe(true)
    }
  })

  it('takes no secret that is short, long, no base64 or without its name', () => {
    for (const odd of [
      '',
      'whsec_',
      SECRET.slice(6),
      'whsec_short',
      `whsec_${'A'.repeat(200)}`,
      'whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!',
      `${SECRET} `,
    ])
      expect(webhookKey(odd), odd).toBeUndefined()
    expect(webhookKey(SECRET)).toHaveLength(24)
    expect(() => signWebhook({ id: 'a', at: AT, body: '', secrets: ['no'] })).toThrow(TypeError)
  })
})
