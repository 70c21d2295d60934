import { ERRORS, type ErrorCode } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { EXIT, EXIT_HELP, exitCodeOf, worse } from './exit-codes.js'

describe('exit codes', () => {
  it('are never "fine" or "found something" for an error', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) expect([EXIT.usage, EXIT.failed]).toContain(exitCodeOf(code))
  })

  it.each<[ErrorCode, number]>([
    ['PPT_USAGE', 2],
    ['PPT_FILE_UNREADABLE', 2],
    ['PPT_FORMAT_UNKNOWN', 2],
    ['PPT_ADDRESS_INVALID', 2],
    ['PPT_PROTECTED_TARGET', 2],
    ['PPT_TOKEN_INVALID', 2],
    ['PPT_CONFIG_UNKNOWN_KEY', 2],
    ['PPT_BIND_CLEARTEXT', 2],
    ['PPT_FILE_TRUNCATED', 3],
    ['PPT_CONTROL_PLANE', 3],
    ['PPT_DATABASE_UNAVAILABLE', 3],
    ['PPT_RATE_LIMITED', 3],
    ['PPT_PORT_BUSY', 3],
    ['PPT_INTERNAL', 3],
  ])('%s is %d', (code, exit) => {
    expect(exitCodeOf(code)).toBe(exit)
  })

  it('lets what could not be completed outweigh a wrong input, and that a finding', () => {
    expect([worse(EXIT.findings, EXIT.ok), worse(EXIT.findings, EXIT.usage), worse(EXIT.failed, EXIT.findings)]).toEqual([1, 2, 3])
  })

  it('are all explained in the help', () => {
    // 4 is said by two commands, whose help explains it; 130 is what every shell says of Ctrl-C
    const own: ReadonlySet<number> = new Set([EXIT.partial, EXIT.interrupted])
    for (const code of Object.values(EXIT).filter((one) => !own.has(one))) expect(EXIT_HELP).toMatch(new RegExp(`^  ${code}  `, 'm'))
  })
})
