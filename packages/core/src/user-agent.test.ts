import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeDevice, isDesktopKin, readAgent, readHintedPlatform } from './user-agent.js'

fc.configureGlobal({ seed: 20_261_122 })
const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)'

describe('a User-Agent', () => {
  it.each<[string, string]>([
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/143.0.0.0 Safari/537.36`, 'Chrome on Windows'],
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0`, 'Edge on Windows'],
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/130.0.0.0 Safari/537.36 OPR/116.0.0.0`, 'Opera on Windows'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox on Windows'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox on Linux'],
    [`Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/143.0.0.0 Mobile Safari/537.36`, 'Chrome on Android'],
    [
      `Mozilla/5.0 (Linux; Android 14; SM-S918B) ${WEBKIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36`,
      'Samsung Internet on Android',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
      'Safari on iOS',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/143.0 Mobile/15E148 Safari/604.1',
      'Chrome on iOS',
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/145.0 Mobile/15E148 Safari/605.1.15',
      'Firefox on iOS',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
      'Safari on macOS',
    ],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/143.0.0.0 Safari/537.36`, 'Chrome on ChromeOS'],
    ['Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko', 'Internet Explorer on Windows'],
    ['curl/8.14.1', 'a program'],
    ['node', 'a program'],
  ])('%s is %s', (header, device) => {
    expect(describeDevice(readAgent(header))).toBe(device)
  })

  it('is the same browser after every update, and on every version of its system', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 400 }), fc.integer({ min: 60, max: 400 }), fc.nat(9), fc.nat(9), (a, b, x, y) => {
        const chrome = (version: number, patch: number): string =>
          `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_${patch}) ${WEBKIT} Chrome/${version}.0.${patch}.0 Safari/537.36`
        expect(readAgent(chrome(a, x))).toEqual(readAgent(chrome(b, y)))
        const firefox = (version: number): string => `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
        expect(readAgent(firefox(a))).toEqual(readAgent(firefox(b)))
      }),
    )
  })

  it('tells programs apart by their first word alone', () => {
    expect(readAgent('curl/8.1').browser).toBe('program:curl')
    expect(readAgent('curl/9.0 (x)').browser).toBe('program:curl')
    expect(readAgent('python-requests/2.3').browser).toBe('program:python')
    expect(readAgent('12').browser).toBe('other')
  })

  it('that is missing is nobody, and no device in a list', () => {
    expect(readAgent(undefined)).toEqual(readAgent(''))
    expect(describeDevice(readAgent(undefined))).toBeUndefined()
  })

  it('of any text gives words of ours alone: nothing of it reaches a list', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (header) => {
        const device = describeDevice(readAgent(header)) ?? ''
        expect(device).toMatch(/^(?:[A-Za-z ]{0,40})$/)
        expect(readAgent(header).browser).toMatch(/^(?:program:[a-z]{1,24}|[a-z]+)$/)
      }),
      { numRuns: 300 },
    )
    expect(describeDevice(readAgent('<script>alert(1)</script> Windows'))).toBe('a program on Windows')
  })

  it('costs time in proportion to 512 characters, however long and hostile it is', () => {
    const hostile = ['Mozilla/5.0 ('.repeat(5_000), 'Chrom'.slice(0, 4).repeat(20_000), ' '.repeat(100_000), 'Mac OS '.repeat(10_000)]
    for (const header of hostile) readAgent(header)
    const began = process.cpuUsage()
    for (let i = 0; i < 1_000; i++) for (const header of hostile) readAgent(header)
    expect(process.cpuUsage(began).user).toBeLessThan(2_000_000)
  })
})

describe('a hinted platform', () => {
  it('is read in the words of the User-Agent', () => {
    for (const [header, platform] of [
      ['"Windows"', 'windows'],
      ['"macOS"', 'macos'],
      ['"Android"', 'android'],
      ['"Linux"', 'linux'],
      ['"Chrome OS"', 'chromeos'],
      ['"Chromium OS"', 'chromeos'],
      ['"iOS"', 'ios'],
    ] as const)
      expect(readHintedPlatform(header)).toBe(platform)
  })

  it('that says nothing is none', () => {
    for (const header of [undefined, '', '""', '"Unknown"', '"__proto__"', `"${'x'.repeat(100)}"`])
      expect(readHintedPlatform(header)).toBeUndefined()
  })
})

describe('a request for desktop pages', () => {
  it('names the kin of the own platform, and no other', () => {
    expect(isDesktopKin('android', 'linux')).toBe(true)
    expect(isDesktopKin('macos', 'ios')).toBe(true)
    expect(isDesktopKin('android', 'windows')).toBe(false)
    expect(isDesktopKin('ios', 'linux')).toBe(false)
    expect(isDesktopKin('linux', 'linux')).toBe(false)
  })
})
