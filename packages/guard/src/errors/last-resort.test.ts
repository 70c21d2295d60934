import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = join(fileURLToPath(import.meta.url), '../../../../..')
const ERRORS = join(fileURLToPath(import.meta.url), '../errors.ts')

/** Runs a program of its own to its end, as nothing else can show how a process dies. */
const run = (program: string): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> =>
  new Promise((resolve, reject) => {
    const source = `import { createErrors } from ${JSON.stringify(ERRORS)}\n${program}`
    const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', '--input-type=module', '-e', source], { cwd: ROOT })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })

describe('the last resort [ASVS 16.5.4]', () => {
  it('logs what nobody caught without its secrets, and the process dies with code 1 as it would have', async () => {
    const { code, out, err } = await run(`
      createErrors().installLastResort()
      setTimeout(() => { throw new Error('lost: password=hunter2', { cause: new Error('Bearer abcdef123456') }) }, 5)
      setTimeout(() => console.log('went on'), 200)
    `)
    expect(code).toBe(1)
    expect(out).toBe('')
    const entry = JSON.parse(err) as Record<string, unknown>
    expect(entry).toMatchObject({ kind: 'uncaught_exception', status: 500, error: { message: 'lost: password=***' } })
    expect(err).not.toMatch(/hunter2|abcdef123456/)
    expect(err.trim().split('\n')).toHaveLength(1)
  })

  it('tells a rejection that nobody handled from an exception', async () => {
    const { code, out } = await run(`
      createErrors({ log: (entry) => console.log(entry.kind, entry.error.message) }).installLastResort()
      Promise.reject(new Error('just an error'))
      setTimeout(() => console.log('went on'), 200)
    `)
    expect([code, out]).toEqual([1, 'unhandled_rejection just an error\n'])
  })

  it('gives an asynchronous logger a moment, and no more', async () => {
    const { code, out } = await run(`
      createErrors({ log: async () => { await new Promise((r) => setTimeout(r, 50)); console.log('written') } }).installLastResort()
      setImmediate(() => { throw new Error('x') })
    `)
    expect([code, out]).toEqual([1, 'written\n'])
    const before = Date.now()
    const stuck = await run(`
      createErrors({ log: () => new Promise(() => undefined) }).installLastResort()
      setInterval(() => undefined, 1000)
      setImmediate(() => { throw new Error('x') })
    `)
    expect(stuck.code).toBe(1)
    expect(Date.now() - before).toBeLessThan(20_000)
  })

  it('dies also when the logger throws', async () => {
    const { code, out, err } = await run(`
      createErrors({ log: () => { throw new Error('password=hunter2') } }).installLastResort()
      setImmediate(() => { throw null })
      setTimeout(() => console.log('went on'), 500)
    `)
    expect([code, out]).toEqual([1, ''])
    expect(err).not.toContain('hunter2')
  })

  it('leaves the process alive where the application listens itself, and can be taken away', async () => {
    const { code, out } = await run(`
      const remove = createErrors({ log: (entry) => console.log('logged', entry.error.message) }).installLastResort()
      const own = () => console.log('own')
      process.on('uncaughtException', own)
      setImmediate(() => { throw new Error('first') })
      setTimeout(() => { remove(); setImmediate(() => { throw new Error('second') }) }, 50)
      setTimeout(() => process.exit(7), 150)
    `)
    expect(code).toBe(7)
    expect(out).toBe('logged first\nown\nown\n')
  })
})
