import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deviceName } from './device-name.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('deviceName', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0',
      'Edge on Windows',
    ],
    ['Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36', 'Chrome on Android'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1',
      'Safari on iPhone',
    ],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15', 'Safari on macOS'],
    ['curl/8.5.0', 'curl'],
    ['Linux', 'a program on Linux'],
    ['', 'an unknown device'],
    [undefined, 'an unknown device'],
  ])('names %s', (agent, name) => {
    expect(deviceName(agent)).toBe(name)
  })

  it('shows nothing of what somebody sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (agent) => {
        expect(deviceName(agent)).toMatch(/^(?:an unknown device|a program on \w+|[\w ]+)$/)
      }),
    )
  })
})
