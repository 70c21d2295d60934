import { endsWith, say, within, type HostMessage, type ReadMessage } from './host-message.js'

/**
 * Reads systemd's messages on units: `Started UNIT - TEXT`, `Stopped ...`, `UNIT: Failed with result '...'`. Older versions name the unit's
 * description only, which is then `service.name`. Messages on the way (`Starting`, `Failed to start`, which comes besides) are a `message`.
 */
export const readSystemd: ReadMessage = (line, from, end, m) => {
  if (line.startsWith('Started ', from)) tell(line, from + 8, end, m, 'service-started', 'success')
  else if (line.startsWith('Stopped ', from)) tell(line, from + 8, end, m, 'service-stopped', 'success')
  else {
    const failed = within(line, ": Failed with result '", from, end)
    if (failed < 0 || within(line, ' ', from, failed) >= 0) return
    say(m, 'process', 'service-failed', 'failure', line.slice(failed + 22, endsWith(line, "'.", failed + 22, end) ? end - 2 : end))
    m.service = line.slice(from, failed)
  }
}

const tell = (line: string, from: number, end: number, m: HostMessage, action: string, outcome: HostMessage['outcome']): void => {
  say(m, 'process', action, outcome)
  const to = line.charCodeAt(end - 1) === 46 ? end - 1 : end
  const dash = within(line, ' - ', from, to)
  // `Started nginx.service - A web server`: a unit's name has no blanks, a description may hold a dash
  const unit = dash > 0 && within(line, ' ', from, dash) < 0 && within(line, '.', from, dash) > 0
  m.service = line.slice(from, unit ? dash : to)
}
