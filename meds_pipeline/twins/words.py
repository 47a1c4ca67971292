"""Word lists the twins are written from: invented drugs, common conditions, outcomes, people, study habits.

The drug names are made up (with the endings such names have), so that no sentence of a twin says anything about a real
drug; conditions are everyday medical words. The lists are short on purpose: every word recurs often enough for the
small model of the demo to learn it within a minute.
"""

from __future__ import annotations

DRUGS = (
    *("veltapril", "morsapril", "corvanolol", "beltanolol", "dentisartan", "quelsartan", "lupristatin", "orvistatin"),
    *("mirovimab", "taxelimab", "zaltinib", "perlutinib", "forconazole", "blenazole", "tavicillin", "dorvicillin"),
    *("brelomycin", "garomycin", "sulteprazole", "vinaprazole", "noligliptin", "hartogliptin", "pelatriptan"),
    *("jovatriptan", "daltoxetine", "merioxetine", "felorazepam", "tinurazepam", "orsamavir", "calbuvir"),
    *("raxidipine", "solvodipine", "kintafloxacin", "melofloxacin", "budarosone", "fentarosone", "ulvaparin"),
    *("crestaparin", "nebutidine", "zorlatidine", "amfolukast", "pirvalukast", "lenzuprofen", "gavoprofen"),
    *("hydrotamide", "furvolamide", "ostradronate", "welcodronate"),
)

CONDITIONS = (
    *("asthma", "hypertension", "type 2 diabetes", "atrial fibrillation", "heart failure", "migraine", "psoriasis"),
    *("chronic kidney disease", "osteoarthritis", "rheumatoid arthritis", "depression", "schizophrenia", "epilepsy"),
    *("multiple sclerosis", "ischemic stroke", "pneumonia", "sepsis", "tuberculosis", "hepatitis", "cirrhosis"),
    *("pancreatitis", "ulcerative colitis", "celiac disease", "gout", "osteoporosis", "lymphoma", "leukemia"),
    *("breast cancer", "lung cancer", "melanoma", "glaucoma", "eczema", "obesity", "insomnia", "sleep apnea"),
    *("urinary tract infection", "cystic fibrosis", "fibromyalgia", "angina", "bronchitis"),
)

ADVERSE_EFFECTS = (
    *("nausea", "vomiting", "seizures", "hypotension", "bradycardia", "renal failure", "hepatotoxicity", "skin rash"),
    *("thrombocytopenia", "neutropenia", "delirium", "hyperkalemia", "hyponatremia", "tachycardia", "neuropathy"),
    *("dyskinesia", "tremor", "hallucinations", "hemorrhage", "edema", "myopathy", "headache", "dizziness", "anemia"),
)

INTERVENTIONS = (
    *("early mobilization", "telephone follow-up", "group education", "home monitoring", "nurse-led care"),
    *("supervised exercise", "cognitive therapy", "pharmacist review", "text messaging", "dietary counseling"),
    *("music therapy", "breathing training"),
)

OUTCOMES = (
    *("hospital readmission", "wound infection", "early mortality", "relapse", "treatment failure", "daily pain"),
    *("severe fatigue", "sleep disturbance", "functional decline", "disease progression", "emergency admission"),
    *("symptom recurrence", "blood transfusion", "intensive care admission", "work absence", "weight gain"),
    *("persistent cough", "depressed mood", "falling at home", "unplanned surgery"),
)

POPULATIONS = (
    *("adults", "older adults", "outpatients", "hospitalized patients", "rural patients", "young adults", "smokers"),
    *("veterans", "nursing home residents", "overweight adults", "newly diagnosed patients", "primary care patients"),
)

SUBGROUPS = ("women", "men", "current smokers", "the oldest patients", "patients with mild disease", "one center")

DESIGNS = (
    *("randomized trial", "prospective cohort study", "retrospective review", "crossover trial", "case-control study"),
    *("multicenter trial", "pilot trial", "registry study"),
)

SYMPTOMS = (
    *("swollen ankles", "itchy skin", "a dry cough", "blurred vision", "a stiff neck", "hair loss", "night sweats"),
    *("numb fingers", "stomach cramps", "ringing ears", "a sore throat", "back pain"),
)

RELATIVES = ("mother", "father", "son", "daughter", "sister", "brother", "husband", "wife", "grandson", "aunt")


def article(noun: str) -> str:
    """Prefix `a` or `an` by the first letter; the lists hold no word where sound and letter differ."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def sentence_case(text: str) -> str:
    """Upper-case the first letter and leave the rest, so abbreviations survive."""
    return text[:1].upper() + text[1:]
