/**
 * Fields that parsers, the agent, the guard and the engine fill: what a rule can find. Fields of JSON logs come by their own mapping and may be
 * any, so another field is worth a remark and no more.
 */
export const EVENT_FIELDS: readonly string[] = (
  'event.category event.action event.outcome event.reason event.dataset event.original event.text event.duration event.id message ' +
  'host.name host.ip service.name process.name process.pid process.tty process.executable process.command_line process.working_directory ' +
  'process.parent.name process.parent.pid process.parent.executable process.parent.command_line source.ip source.port source.geo.country_iso_code ' +
  'source.geo.city_name source.geo.location.lat source.geo.location.lon source.as.number source.as.organization.name destination.ip destination.port ' +
  'destination.domain network.transport user.id user.name user.target.name user.target.id user.target.roles user.audit.id user.effective.id group.name ' +
  'session.id device.id url.path url.query url.original url.decoded url.extension url.domain http.request.method http.request.referrer ' +
  'http.request.bytes http.response.status_code http.response.body.bytes http.version user_agent.original user_agent.family log.level error.type ' +
  'error.message error.code db.name db.query.text file.path file.mode file.owner file.hash.sha256 container.name container.log.stream auditd.type ' +
  'auditd.types auditd.syscall auditd.key auditd.a0 auditd.a1 auditd.a2 auditd.a3 auditd.a4 auditd.a5 auditd.a6 auditd.a7 auditd.a8 auditd.a9 ' +
  'sshd.method tags parapet.assessment'
).split(' ')

/** Beginnings of fields of our own parts, and of labels that come from logs: whatever follows. */
export const OPEN_FIELDS: readonly string[] = ['parapet.', 'labels.', 'postgresql.', 'log.syslog.', 'auditd.']
