"""The words with which a text states, judges, denies or doubts an answer, in the languages of the benchmark.

Patterns are searched in a text in lower case, near a possible answer; every repetition in them is bounded.
"""

from __future__ import annotations

import re

_NOUN = (
    r"answers?|ans|choices?|diagnos[ie]s|verdict|labels?|class(?:ification)?|category"  # codespell:ignore ans
    r"|claim|statement|relation(?:ship)?"
    r"|predictions?|conclusion|results?|treatment|planning|plan|decision|solution|hypothesis|output|response|guess|best"
    r"|(?:best|correct|right|first|next|most \w{1,15})(?: [\w-]{2,20}){1,4}|réponses?|choix|respuestas?|ответы?"
    r"|(?:opci[oó]n|alternativa|proposition|вариант)(?:e?s)? \w{4,15}|(?:верн|правильн)\w{2,3} \w{4,10}"
)
_IS = (
    r"(?: (?:is|are|remains|(?:would|should|must|has to)(?: \w{1,9})? be|est|sont|es|son|это|является)"
    r"|'s| ?(?:[:=→]|[-=]>|[-–—]))"
)
_CHOOSE = (
    r"choose|choosing|pick|select|say|think|believe|guess|predict|recommend|suggest|diagnose|going with|go with"
    r"|choisis|elijo"
)
_FILLER = (
    r"most|likely|probably|clearly|definitely|therefore|thus|option|choice|letter|answer|label|class|the|an?|that|it is"
    r"|it's|both|la|les?|las|los|el|l'|donc|opci[oó]n|réponses?|proposition|вариант|ответ|选项|選択肢"
)
_OPENING = r"(?:^|[.\n;,] ?)"
LEAD = re.compile(
    rf"(?:(?<!\w)(?:{_NOUN})(?:[ (][^\W\d_][\w'-]{{1,20}}\)?){{0,6}}?{_IS}"
    rf"|(?:^\W{{0,4}}|[.\n;,] ?|(?<!\w)(?:i|we|let's|je|yo)(?:'d|'ll|'m| would| will)? (?:\w{{1,12}} )?)(?:{_CHOOSE})"
    r"|not [^.,;\n]{1,40},? but"
    rf"|{_OPENING}(?:so|thus|therefore|hence|donc|por (?:lo )?tanto|следовательно)(?:,? (?:it|this) is)?"
    rf"|{_OPENING}(?:but |so )?(?:(?:it|this|that|there)(?: is|'s| must be| should be)|c'est|es(?= la))"
    r"|ответы?|答案|正解|正答|答え"
    r"|(?:答案|答え|正解|正答|解答|诊断|適切な|正[确し][^\n。,;]{0,6}|最[^\n。,;]{1,8})[^\n。,;]{0,8}?(?:是|为|:|は|=|选)"
    r"|选(?!项)择?|而是|首选|建议去?)"
    rf"(?:[^\w\n.;?!]{{0,3}}(?:{_FILLER})(?!\w)){{0,4}}[^\w\n.;?!]{{0,5}}$"
)
"""Ends right before a stated answer: "the answer is", "I choose", "so"."""
ANSWER = re.compile(
    r"answer|\bans\b|choice|choix|choisis|choose|choosing|option|réponse|respuesta|opci|ответ|вариант|答|解|选|(?:^|\W)(?:so|thus|therefore|hence)\b"
)
"""A word in a lead which shows that the lead is about the question."""
POINTS = re.compile(
    r"\b(?:(?:suggests?|indicates?|points? to|supports?|(?:consistent|diagnosed) with|leaves)"
    r"(?: (?:option|an?|the|that))?"
    r"|(?:patient|child) (?:most )?(?:likely )?(?:has|needs|should receive|suffers from)) \(?$"
)
"""Ends right before an answer that a finding supports: "this suggests"."""
_RIGHT = (
    r"(?:correct|right|best|answers?|appropriate|suitable|likely|preferred|correcte?s?|exacte?s?|vraies?|justes?"
    r"|correctas?|верн\w{1,4}|правильн\w{1,4})(?!\w)"
)
_HOW = r"the|an?|our|my|most|best|more|clearly|probably|definitely|therefore|thus|only|one|la|les?|donc"
_ASIDE = r"[ )']{0,3}(?:\([^()\n]{1,60}\)|, [^,.\n]{1,40},)?"
JUDGED = re.compile(
    rf"{_ASIDE}(?: (?:is|are|seems?|must be|should be|est|sont|es|son|является)(?: (?:{_HOW})){{0,3}} {_RIGHT}"
    r"| fits best| верн|(?:选?项)?(?:是|为|が|は)?最?も?(?:正确|对|正しい|正解|適切|答え|該当)|を選)"
)
"""Right after an answer that is judged to be right: "is correct"."""
NOT = re.compile(
    r"n't\b|\b(?:not(?! only)|non|no|nor|neither|never|nothing|none|nobody|absence|lack\w{0,3}|without|except"
    r"|exclud\w{1,4}|rul(?:es?|ed|ing) out|eliminat\w{1,4}|reject\w{0,3}|avoid\w{0,3}|unlike|rather than|instead of"
    r"|than|over|wrong|incorrect|least|mistake|cannot|fails?|impossible|hard|doubt|hesitate|people|many|some|others?"
    r"|students?|ne|pas|sauf|не|кроме|salvo|incorrecta)\b|[不非]|排除|错误|誤"
)
"""In the clause before an answer that is denied or is said by others: "not", "many would choose"."""
_WRONG = (
    r"not|\w{1,6}n't|cannot|wrong|incorrect|false|ruled out|excluded|eliminated|unlikely|less|least|inappropriate"
    r"|contraindicated|partially|partly|half|almost|only|fausses?|incorrecta|falsa|не|неверн\w{1,4}|неправильн\w{1,4}"
)
NOT_AFTER = re.compile(
    rf"{_ASIDE} ?(?:(?!(?:because|since|as|for|and|but|so|with|which|if)\b)[\w-]{{1,15}} ){{0,3}}?(?:{_WRONG})(?!\w)"
    r"| ?[:=(–—-]{1,2} ?(?:wrong|incorrect|not?|negative|absent|false|faux|0|✗)(?!\w)"
    r"|[\u3040-\u9fff]{0,8}?(?:不|错|誤|ない|ません|ではな|でな)"
)
"""Right after an answer that is denied: "is wrong", ": no"."""
IF = re.compile(
    r"\b(?:if|unless|whether|suppose|assume[sd]?|assuming|either|between|lacking|si|s'il|если)\b|如果|假如|是否|もし"
)
"""In the sentence before an answer that is only supposed."""
MAY = re.compile(r"\b(?:could|might|may|can|consider\w{0,3}|e\.g|for example|such as)\b|可能")
"""In the clause before an answer that is only possible."""
DOUBT_AFTER = re.compile(
    r",?[^,;:.\n]{0,60}\b(?:if|unless|si|если)\b|[ )]{0,2}(?:could|might|may|can)\b|か?もしれ|也?可能"
    r"|[ ).]{0,4},? ?(?:(?:or|ou|или)\b|或|还是)"
)
"""Right after an answer that is supposed, possible or one of several: "B if", "B might", "B or"."""
STOP = re.compile(r"[\n。!?;]|(?<!e\.g)\.(?=\s|$)")
CLAUSE = re.compile(r"[,(—、]| - |\b(?:but|however|so|because|since|while|whereas|yet|mais|pero|но|а)\b|而是|所以|因此")
OPENS = re.compile(
    r"[^\w\n]{0,6}(?:(?:(?:most )?likely|probably|perhaps|maybe|possibly|clearly|definitely|so|option|choice|letter"
    r"|les|la|réponses?|by elimination)[,:]? ){0,3}"
)
"""The only text that may stand before an answer that opens its sentence or line."""
SET_OFF = re.compile(
    r"\)?\s{0,2}(?:$|[\n.:;)\]]|\((?!\d)|[-–—]{1,2}(?=\s)"
    r"|,? ?(?:because|since|as|given|due|although|but|not|which|rather)\b)"
)
"""Right after an answer that is set off from the rest of its line."""
COMMA = re.compile(r", ?(?!(?:is|are|was)\b)")
NAMED = re.compile(r"[:=→>](?=[^:=→>]{0,9}$)")
"""A name before a letter or a word like "yes", which is then the value of this name: "Step 3: B", "admitted = true"."""
BACK = re.compile(
    r"(?:^|[.!?…\n] ?)(?:no,|wait\b|hmm|actually|correction|on (?:second thought|reflection)|let me reconsider)",
    re.MULTILINE,
)
"""Starts a passage that takes back all text before it."""
JOINT = re.compile(
    r"[ )]{0,3}(?:(?:,? ?(?:and|or|nor|et|ou|y|o|и|или|plus)\b|[,、/・&+和或与と及か]|および|または|还是)[ (]{0,2}"
    r"(?:(?:options?|the|both|either|possibly|maybe|perhaps) )?\(?)?"
)
"""The only text that may stand between two members of a list."""
OR = re.compile(r"\b(?:or|ou|o|или|nor)\b|[/或か]|または|还是")
JOINS = re.compile(r"\w|[,、/・&+\n]")
