import { CHANNEL_KINDS } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { makeChannels } from '../test/notification-fixtures.js'
import { CHANNELS, draftOf, readState, requestOf, STATE_WORD, STATES, tookInWords, wantsAcknowledging, webhookSecret } from './channels.js'

const channels = makeChannels(0)
const filled = (kind: (typeof CHANNEL_KINDS)[number]): Record<string, string> =>
  Object.fromEntries(CHANNELS[kind].fields.map(({ key }) => [key, `${key}-value`]))

describe('the form of a channel', () => {
  it.each(CHANNEL_KINDS)('sends of %s only its own fields, secrets apart', (kind) => {
    const request = requestOf({ kind, name: ' On call ', enabled: true, values: { ...filled(kind), foreign: 'x' } })
    const names = (secret: boolean): string[] => CHANNELS[kind].fields.filter((field) => field.secret === secret).map(({ key }) => key)
    expect(Object.keys(request.settings)).toEqual(names(false))
    expect(Object.keys(request.secrets ?? {})).toEqual(names(true))
    expect(request.name).toBe('On call')
    expect(JSON.stringify(request)).not.toContain('foreign')
  })

  it('shows no secret of a channel that is there, and keeps one that nobody types anew', () => {
    for (const channel of channels) {
      const draft = draftOf(channel)
      const secrets = CHANNELS[channel.kind].fields.filter(({ secret }) => secret)
      expect(secrets.map(({ key }) => draft.values[key])).toEqual(secrets.map(() => ''))
      expect(requestOf(draft)).not.toHaveProperty('secrets')
    }
  })

  it('comes back as it was when nothing is changed', () => {
    const [mail, ntfy] = channels
    expect(requestOf(draftOf(mail!)).settings).toEqual(mail!.settings)
    expect(requestOf(draftOf(ntfy!)).settings).toEqual(ntfy!.settings)
  })

  it('takes addresses however somebody separates them', () => {
    const request = requestOf({
      kind: 'email',
      name: 'n',
      enabled: true,
      values: { to: ' a@example.com, b@example.com;c@example.com\n\nd@example.com ' },
    })
    expect(request.settings).toEqual({ to: ['a@example.com', 'b@example.com', 'c@example.com', 'd@example.com'] })
  })
})

describe('a secret that is made here', () => {
  it('is what Standard Webhooks takes: whsec_ and the bytes in base64', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => 255 - index)
    const secret = webhookSecret(bytes)
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toEqual(Buffer.from(bytes))
  })
})

describe('states', () => {
  it('are all offered, the worst first, and others are as if they were not there', () => {
    expect([...STATES].toSorted()).toEqual(Object.keys(STATE_WORD).toSorted())
    expect(STATES[0]).toBe('failed')
    expect(readState('quiet')).toBe('quiet')
    expect(readState('constructor')).toBeNull()
    expect(readState(null)).toBeNull()
  })

  it('ask nobody to acknowledge a test, or what was acknowledged', () => {
    expect(wantsAcknowledging({ kind: 'breach', acknowledged: null })).toBe(true)
    expect(wantsAcknowledging({ kind: 'test', acknowledged: null })).toBe(false)
    expect(wantsAcknowledging({ kind: 'breach', acknowledged: { at: 0, by: 'ada' } })).toBe(false)
  })

  it('say how long an answer took', () => {
    expect([0.4, 48, 999, 1_200, 30_000].map(tookInWords)).toEqual(['0 ms', '48 ms', '999 ms', '1.2 s', '30.0 s'])
  })
})
