export { accountPage, recoveryCodesPage, securityPage, totpPage } from './account.js'
export { adminPage, auditPage, peoplePage } from './admin.js'
export { documentPage } from './document.js'
export { documentsPage, newDocumentPage } from './documents.js'
export { frameworkPage, frameworksPage } from './frameworks.js'
export { homePage, landingPage, messagePage } from './home.js'
export {
  codePage,
  linkFailedPage,
  mailSentPage,
  resetNewPage,
  resetPage,
  signInPage,
  signUpPage,
  stepUpPage,
  verifyPage,
} from './sign-in.js'
export type * from './models.js'
export { type Flash, readFlash, WORDS } from './words.js'
