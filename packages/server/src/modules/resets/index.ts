export { createResetCampaigns } from './campaigns.js'
export { type CampaignRunner, runCampaigns } from './run-campaigns.js'
export type { ResetCampaigns, SendMail } from './types.js'
