import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { stayOnLoopback } from '@parapet/example-leaky'
import { describe, expect, it } from 'vitest'
import { startProgram } from '../e2e/support/processes.js'

const folder = fileURLToPath(new URL('../../examples/leaky/', import.meta.url))

describe('the leaky studio stays on this machine', () => {
  it.each([
    ['an address that others reach', { HOST: '0.0.0.0' }, /^HOST would let others reach/],
    ['an address of the network', { HOST: '192.0.2.7' }, /^HOST would let others reach/],
    ['a name that others know', { PUBLIC_ORIGIN: 'https://studio.example' }, /^PUBLIC_ORIGIN would let others reach/],
    ['a name that only begins like ours', { PUBLIC_ORIGIN: 'https://localhost.example' }, /^PUBLIC_ORIGIN would let others reach/],
    ['a public origin that is none', { PUBLIC_ORIGIN: 'localhost' }, /^PUBLIC_ORIGIN would let others reach/],
    ['a database of another machine', { DATABASE_URL: 'postgres://u:p@db.example/x' }, /^DATABASE_URL would let others reach/],
    ['production', { NODE_ENV: 'production' }, /^NODE_ENV=production would let others reach/],
  ])('refuses %s', (_, env, says) => {
    expect(() => stayOnLoopback(env)).toThrow(says)
  })

  it.each([
    {},
    { HOST: '127.0.0.1' },
    { HOST: '::1', PUBLIC_ORIGIN: 'http://localhost:3066' },
    { DATABASE_URL: 'postgres://u:p@127.0.0.1/x' },
  ])('takes %j', (env) => {
    expect(stayOnLoopback(env)).toEqual(env)
  })

  it('says first what it is and which faults are on, and does not start where others could reach it', async () => {
    const program = startProgram(process.execPath, ['--conditions=source', '--import', 'tsx', 'src/main.ts'], {
      cwd: folder,
      env: { LEAKY: 'sign-out, banner', HOST: '0.0.0.0' },
    })
    const code = await new Promise<number | null>((resolve) => program.child.once('exit', resolve))
    const output = program.output()
    expect(output).toContain('LEAKY: this application has 2 faults on purpose. Nobody but you may ever reach it.')
    expect(output).toContain('every answer names the framework and its version')
    expect(output).not.toContain('sequential-ids')
    expect(output).toMatch(/HOST would let others reach/)
    expect(output).not.toContain('listens')
    expect(code).toBe(1)
  }, 120_000)
})
