import { ParapetError } from '@parapet/core'
import picocolors from 'picocolors'
import type { Colors } from 'picocolors/types.js'

/** Thrown when nobody reads standard output any more (`| head -1`): the command ends, quietly. */
export class PipeClosed extends Error {
  constructor() {
    super('standard output is closed')
    this.name = 'PipeClosed'
  }
}

/** Where a command writes. Results go to standard output; notices, progress and errors to standard error. */
export type Terminal = {
  /** one text with a line end after it; waits while the reader is slow. Rejects with {@link PipeClosed} and `PPT_OUTPUT` */
  readonly print: (text: string) => Promise<void>
  /** bytes as they are, otherwise the same */
  readonly write: (bytes: Uint8Array | string) => Promise<void>
  /** resolves when all of it was taken. Rejects with `PPT_OUTPUT` when some was not, such as on a full disk */
  readonly settled: () => Promise<void>
  /** a line on standard error */
  readonly notice: (text: string) => void
  /** columns to lay out for, `undefined` when nothing needs to fit (a pipe, a file) */
  readonly width: number | undefined
  /** columns for running text */
  readonly textWidth: number
  readonly colors: Colors
  readonly errorColors: Colors
  /** progress and boxes are for people: true only when standard error, or output, is a terminal */
  readonly interactive: { readonly out: boolean; readonly err: boolean }
  readonly stderr: NodeJS.WriteStream
  readonly stdin: NodeJS.ReadStream
}

/** Colours for one stream: `NO_COLOR` wins, `FORCE_COLOR` comes next, else only on a terminal. Source: no-color.org. */
const colorsFor = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Colors => {
  const forced = env['FORCE_COLOR']
  const plain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb' || forced === '0'
  return picocolors.createColors(!plain && ((forced ?? '') !== '' || stream.isTTY))
}

/** The terminal of a process. */
export const createTerminal = (io: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'stdin' | 'env'>): Terminal => {
  const { stdout, stderr, stdin, env } = io
  let failure: Error | undefined
  let wake: (() => void) | undefined
  const settle = (): void => {
    wake?.()
    wake = undefined
  }
  const fail = (error: NodeJS.ErrnoException): void => {
    failure ??= error.code === 'EPIPE' ? new PipeClosed() : new ParapetError('PPT_OUTPUT', error.code, { cause: error })
    settle()
  }
  stdout.on('error', fail)
  // a closed standard error leaves nobody to tell
  stderr.on('error', () => undefined)
  stdout.on('drain', settle)
  const check = (): void => {
    if (failure !== undefined) throw failure
  }
  const write = async (bytes: Uint8Array | string): Promise<void> => {
    check()
    if (!stdout.write(bytes)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    // the event loop turns here, so that a closed pipe is noticed at the next line
    check()
  }
  const width = stdout.isTTY ? Math.max(40, stdout.columns || 80) : undefined
  return {
    print: (text) => write(`${text}\n`),
    write,
    settled: async () => {
      // an error of what was written is told before the answer to this
      if (failure === undefined) await new Promise<void>((resolve) => stdout.write('', () => resolve()))
      if (failure !== undefined && !(failure instanceof PipeClosed)) throw failure
    },
    notice: (text) => {
      stderr.write(`${text}\n`)
    },
    width,
    textWidth: Math.min(width ?? 80, 100),
    colors: colorsFor(stdout, env),
    errorColors: colorsFor(stderr, env),
    interactive: { out: stdout.isTTY, err: stderr.isTTY },
    stderr,
    stdin,
  }
}
