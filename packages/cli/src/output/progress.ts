import { formatCount } from './format.js'
import type { Terminal } from './terminal.js'
import { fit } from './width.js'
import { escapeText } from './escape.js'

/** How far a long read is: shown on standard error, on a terminal only, and only once it takes long enough to wonder. */
export type ReadProgressBar = {
  /** bytes read of `total`, and the lines so far */
  readonly update: (bytes: number, total: number | undefined, lines: number) => void
  readonly stop: () => void
}

const PATIENCE_MS = 700
const STEPS = 1_000

const silent: ReadProgressBar = { update: () => undefined, stop: () => undefined }

/** Progress of reading one file. Standard input shows none: the keyboard or the pipe belongs to the data. */
export const createReadProgress = async (
  terminal: Terminal,
  path: string,
  now: () => number = () => performance.now(),
): Promise<ReadProgressBar> => {
  if (!terminal.interactive.err || path === '-') return silent
  const { progress } = await import('@clack/prompts')
  const name = fit(escapeText(path), Math.max(10, terminal.textWidth - 50))
  const started = now()
  let bar: ReturnType<typeof progress> | undefined
  let shown = 0
  return {
    update: (bytes, total, lines) => {
      if (now() - started < PATIENCE_MS || total === undefined || total === 0) return
      if (bar === undefined) {
        bar = progress({
          max: STEPS,
          size: 24,
          style: 'block',
          output: terminal.stderr,
          withGuide: false,
          onCancel: () => process.exit(130),
        })
        bar.start(`Reading ${name}`)
      }
      const step = Math.floor((bytes / total) * STEPS)
      if (step === shown) return
      bar.advance(step - shown, `${name}  ${Math.floor((bytes / total) * 100)} %  ${formatCount(lines)} lines`)
      shown = step
    },
    stop: () => bar?.clear(),
  }
}
