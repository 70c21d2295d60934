export { type Config, type ConfigSources, explainConfig, loadConfig, type LoadedConfig, type Setting } from './config/index.js'
export { createSetupLink } from './lifecycle/setup-link.js'
export { readLocalToken } from './lifecycle/local-token.js'
export { type RunningServer, startServer, type StartOptions } from './lifecycle/start-server.js'
