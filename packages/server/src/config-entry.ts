/** What small commands need of the control plane, without its HTTP framework, database driver and engines. */
export { type Config, type ConfigSources, explainConfig, loadConfig, type LoadedConfig, type Setting } from './config/index.js'
export { readLocalToken } from './lifecycle/local-token.js'
export { createSetupLink, isSetupOver } from './lifecycle/setup-link.js'
