import { useQuery } from '@tanstack/react-query'

import { account } from '../app/account-api.js'
import { answerStepUp } from '../app/step-up.js'
import { Dialog } from './dialog.js'
import { ProofForm } from './proof-form.js'
import { Failure, Loading } from './states.js'

/** Asks who it is before a dangerous act; the act goes on by itself when the answer is right. */
export const StepUpDialog = () => {
  const asked = useQuery({ queryKey: ['step-up'], queryFn: account.stepUpChallenge, staleTime: 0, gcTime: 0, retry: false })
  return (
    <Dialog
      open
      onClose={() => answerStepUp(false)}
      title="Prove that it is you"
      description="This can do harm in the wrong hands, and your sign-in is more than ten minutes old. It goes on by itself afterwards."
    >
      {asked.data !== undefined ? (
        <ProofForm
          methods={asked.data.methods}
          passkey={asked.data.passkey}
          prove={account.stepUp}
          onProved={() => answerStepUp(true)}
          words={['Go on', 'Checking…']}
        />
      ) : asked.error === null ? (
        <Loading what="what you can prove yourself with" rows={2} />
      ) : (
        <Failure error={asked.error} retry={() => void asked.refetch()} compact />
      )}
    </Dialog>
  )
}
