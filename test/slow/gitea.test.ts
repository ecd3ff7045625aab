import { after, before, suite } from 'node:test'
import { giteaSkipReason, startGitea, type Gitea } from '../../lab/gitea.ts'
import { forgeContract } from '../contract/forge.ts'
import { giteaStory } from './gitea/story.ts'
import { openSubject, settle, type People } from './gitea/subject.ts'

const others = ['stranger', 'neighbour'] as const

suite('a real Gitea', { skip: giteaSkipReason() }, () => {
  let gitea: Gitea
  let people: People
  before(async () => {
    gitea = await startGitea()
    people = await settle(gitea, others)
  })
  after(async () => await gitea.close())

  forgeContract('gitea', { create: async (t) => await openSubject(t, gitea, people), people: others })
  giteaStory(() => ({ gitea, people }))
})
