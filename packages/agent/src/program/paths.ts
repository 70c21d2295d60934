/** Where an installed agent has its settings. */
export const CONFIG_FILE = '/etc/parapet/agent.yml'
