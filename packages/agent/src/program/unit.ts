/** What the unit of an agent depends on. */
export type UnitOptions = {
  readonly node: string
  readonly program: string
  readonly config: string
  readonly stateDir: string
  readonly user: string
}

/** systemd takes `%` and `$` in a command for its own. */
const word = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`

/** What neither program of a host ever needs. Source: systemd.exec(5). */
const HARDENING = `PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes`

/**
 * The systemd unit of the agent: an unprivileged user of the groups that may read logs and the journal, two capabilities to see who listens and
 * what configuration says, and nothing of the system writable but its state. Source: systemd.exec(5).
 */
export const unitText = ({ node, program, config, stateDir, user }: UnitOptions): string => `[Unit]
Description=Parapet agent: reads logs and facts of this host
Documentation=https://parapet.dev/docs/guides/agent
After=network-online.target parapet-agent-helper.socket
Wants=network-online.target parapet-agent-helper.socket

[Service]
Type=exec
ExecStart=${word(node)} --max-semi-space-size=2 --optimize-for-size ${word(program)} run --config ${word(config)}
User=${user}
Group=${user}
SupplementaryGroups=adm systemd-journal
Restart=always
RestartSec=2
TimeoutStopSec=30
WatchdogSignal=SIGTERM
UMask=0077
Nice=5
IOSchedulingClass=best-effort
IOSchedulingPriority=6
MemoryMax=512M
TasksMax=64
LimitNOFILE=8192

# read any log and configuration file, and see which process holds a socket; no right to write or to change anything
AmbientCapabilities=CAP_DAC_READ_SEARCH CAP_SYS_PTRACE
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_SYS_PTRACE
NoNewPrivileges=yes

ProtectSystem=strict
ReadWritePaths=${word(stateDir)}
ProtectHome=read-only
${HARDENING}
RemoveIPC=yes
KeyringMode=private
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @mount @debug
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`

/** The socket of the helper: only the agent's user may open it, and it starts the helper when it does. Source: systemd.socket(5). */
export const helperSocketText = (user: string): string => `[Unit]
Description=Parapet agent helper: where the agent asks it
Documentation=https://parapet.dev/docs/guides/enforce-with-nftables

[Socket]
ListenStream=/run/parapet-agent/helper.sock
SocketUser=${user}
SocketGroup=${user}
SocketMode=0600
DirectoryMode=0755
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`

/** What the unit of the helper depends on. `nginx`: the folder of its include; none where no nginx is installed. */
export type HelperUnitOptions = Pick<UnitOptions, 'node' | 'program' | 'config'> & { readonly nginx: string | undefined }

/**
 * The systemd unit of the helper: root without root's rights but to change the firewall, and where an nginx is, to write its include, test it and
 * reload it. It opens no connection and sees no home, and what it does is fixed in its program. Source: systemd.exec(5), capabilities(7).
 */
export const helperUnitText = ({ node, program, config, nginx }: HelperUnitOptions): string => {
  const rights = nginx === undefined ? 'CAP_NET_ADMIN' : 'CAP_NET_ADMIN CAP_DAC_OVERRIDE CAP_CHOWN CAP_NET_BIND_SERVICE'
  const families = nginx === undefined ? 'AF_UNIX AF_NETLINK' : 'AF_UNIX AF_NETLINK AF_INET AF_INET6'
  return `[Unit]
Description=Parapet agent helper: changes the firewall table of the agent
Documentation=https://parapet.dev/docs/guides/enforce-with-nftables
Requires=parapet-agent-helper.socket
PartOf=parapet-agent.service

[Service]
Type=exec
ExecStart=${word(node)} --max-semi-space-size=1 --optimize-for-size ${word(program)} --config ${word(config)}
Restart=no
UMask=0077
MemoryMax=512M
TasksMax=64
LimitNOFILE=256

CapabilityBoundingSet=${rights}
NoNewPrivileges=yes

ProtectSystem=strict
${
  nginx === undefined
    ? ''
    : `ReadWritePaths=-${word(nginx)} -/var/log/nginx -/var/lib/nginx -/run
`
}ProtectHome=yes
PrivateTmp=yes
${HARDENING}
KeyringMode=private
RestrictAddressFamilies=${families}
IPAddressDeny=any
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@resources @mount @debug @obsolete
SystemCallErrorNumber=EPERM
`
}
