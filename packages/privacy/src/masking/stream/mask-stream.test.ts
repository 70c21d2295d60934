import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'
import { createMaskStream } from './mask-stream.js'

const run = async (chunks: readonly (string | Uint8Array)[]): Promise<string> => {
  const out: Buffer[] = []
  await pipeline(Readable.from(chunks), createMaskStream(createMasker()), async (source) => {
    for await (const chunk of source) out.push(chunk as Buffer)
  })
  return Buffer.concat(out).toString()
}

describe('the stream', () => {
  it('hides a secret that two chunks share', async () => {
    expect(await run(['mail joe@exam', 'ple.com now\n'])).toBe('mail [REDACTED:email] now\n')
    expect(await run([Buffer.from('card 4111 1111 11'), Buffer.from('11 1111')])).toBe('card ****1111')
  })

  it('gives a line as soon as it is complete', async () => {
    const stream = createMaskStream(createMasker())
    const first = new Promise<string>((resolve) => stream.once('data', (chunk: Buffer) => resolve(chunk.toString())))
    stream.write('user joe@example.com\nand then')
    expect(await first).toBe('user [REDACTED:email]\n')
    stream.end()
  })

  it('reads strings in the encoding that they came in', async () => {
    const stream = createMaskStream(createMasker())
    const out: Buffer[] = []
    stream.on('data', (chunk: Buffer) => out.push(chunk))
    const ended = new Promise((resolve) => stream.once('end', resolve))
    stream.write(Buffer.from('joe@example.com').toString('base64'), 'base64')
    stream.end('!')
    await ended
    expect(Buffer.concat(out).toString()).toBe('[REDACTED:email]!')
  })

  it('passes nothing on from nothing', async () => {
    expect(await run([])).toBe('')
  })
})
