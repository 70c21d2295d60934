import { say, within, type ReadMessage } from './host-message.js'
import { readPam } from './pam.js'

/**
 * Reads cron, crond and crontab: `(USER) VERB (DETAIL)`. `CMD` is a `cron-command`; what changes a table is `crontab-changed`; a user who may have
 * none is `crontab-refused`.
 */
export const readCron: ReadMessage = (line, from, end, m) => {
  if (line.startsWith('pam_', from)) return readPam(line, from, end, m)
  if (line.charCodeAt(from) !== 40) return
  const close = within(line, ') ', from, Math.min(end, from + 128))
  if (close < 0) return
  const verb = close + 2
  const open = within(line, '(', verb, end)
  const detail = open < 0 ? end : open + 1
  const detailEnd = end > detail && line.charCodeAt(end - 1) === 41 ? end - 1 : end
  const user = line.slice(from + 1, close)
  if (line.startsWith('CMD ', verb)) {
    say(m, 'process', 'cron-command', 'success')
    m.user = user
    let command = detail
    while (command < detailEnd && line.charCodeAt(command) === 32) command++
    m.command = line.slice(command, detailEnd)
  } else if (line.startsWith('REPLACE ', verb) || line.startsWith('DELETE ', verb)) {
    say(m, 'configuration', 'crontab-changed', 'success', line.charCodeAt(verb) === 68 ? 'deleted' : 'replaced')
    m.user = user
    m.target = line.slice(detail, detailEnd)
  } else if (line.startsWith('RELOAD ', verb)) say(m, 'configuration', 'crontab-loaded', 'success')
  else if (line.startsWith('AUTH ', verb)) {
    say(m, 'configuration', 'crontab-refused', 'failure', 'not_allowed')
    m.user = user
  }
}
