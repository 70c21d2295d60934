import { escapeText } from '../output/escape.js'
import type { Terminal } from '../output/terminal.js'

/** Says that bytes behind a gzip file were left out, as gzip does: the log itself was read whole. */
export const noticeTrailing = (terminal: Pick<Terminal, 'notice'>, path: string): void =>
  terminal.notice(`${escapeText(path)}: what follows the compressed log is no gzip and was left out`)
