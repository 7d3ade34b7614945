"""Names, titles and companies of the sandbox's invented people."""

# ruff: noqa: SIM905 - so many words read better as a text than as a list of fifty lines

from __future__ import annotations

FIRST_NAMES = (
    "Aisha Amélie Andrés Anja Arjun Björn Carlos Chloé Chukwuemeka Daniel Elena Fatima Françoise Giulia Grace Hiroshi "
    "Ingrid Ivan James Joana Jürgen Kofi Laura Li Łukasz Maria Mehmet Mei Michael Nadia Niamh Oleksandr Olivia Omar "
    "Priya Rahul Rosa Sarah Søren Thandiwe Thomas Verónica Wei Yuki Zoë Дмитрий 美咲 فاطمة"
).split()
LAST_NAMES = (
    "Adeyemi Andersson Bauer Brown Castro Chen Cohen Costa Dubois Fernández García Haddad Hansen Ito Ivanova Jansen "
    "Johnson Kaya Kim Kowalska Kumar Lee Lindqvist López Mbeki Moreau Müller Nguyen Novák O'Brien Okafor Patel Petrov "
    "Popescu Ricci Rossi Sato Schmidt Sharma Silva Singh Smith Takahashi Tremblay Wang Weiß Wójcik Yildiz Иванов 佐藤"
).split()

ROLES = (
    # title, function, division, decision-making power
    ("Founder", "Ceo/founder/co-founder", "General", "High"),
    ("Chief Executive Officer", "Ceo/founder/co-founder", "General", "High"),
    ("Chief Technology Officer", "Cto", "Engineering", "High"),
    ("Vp, Business Development", "Vice President", "Sales", "High"),
    ("Head Of Marketing", "Head", "Marketing", "High"),
    ("Director, Demand Generation", "Director", "Marketing", "Medium"),
    ("Director Of Engineering", "Director", "Engineering", "Medium"),
    ("Finance Director", "Director", "Finance", "Medium"),
    ("Senior Product Manager", "Manager", "Product", "Medium"),
    ("Account Executive", "Individual Contributor", "Sales", "Low"),
    ("Sales Operations Manager", "Manager", "Sales", "Medium"),
    ("Software Engineer", "Individual Contributor", "Engineering", "Low"),
    ("Data Analyst", "Individual Contributor", "Operations", "Low"),
    ("Hr Business Partner", "Manager", "Human Resources", "Medium"),
)

PLACES = (
    # city, state, country, continent
    ("San Francisco", "California", "United States", "North America"),
    ("Mountain View", "California", "United States", "North America"),
    ("New York", "New York", "United States", "North America"),
    ("Austin", "Texas", "United States", "North America"),
    ("Toronto", "Ontario", "Canada", "North America"),
    ("Montréal", "Québec", "Canada", "North America"),
    ("São Paulo", "São Paulo", "Brazil", "South America"),
    ("London", "England", "United Kingdom", "Europe"),
    ("Zürich", "Zürich", "Switzerland", "Europe"),
    ("Berlin", "Berlin", "Germany", "Europe"),
    ("Kraków", "Lesser Poland", "Poland", "Europe"),
    ("Lagos", "Lagos", "Nigeria", "Africa"),
    ("Bengaluru", "Karnataka", "India", "Asia"),
    ("Singapore", "", "Singapore", "Asia"),
    ("Sydney", "New South Wales", "Australia", "Oceania"),
)

COMPANY_NAMES = (
    "Alder Amber Atlas Beacon Birch Blue Cedar Cobalt Copper Coral Delta Ember Falcon Fern Granite Harbor Hazel Indigo "
    "Juniper Lantern Lumen Maple Meridian Nimbus North Oak Onyx Orchard Pine Quartz River Sable Silver Slate Summit "
    "Tandem Timber Vertex Willow Zephyr"
).split()
COMPANY_KINDS = (
    "Analytics",
    "Bank",
    "Capital",
    "Cloud",
    "Consulting",
    "Foods",
    "Freight",
    "Health",
    "Labs",
    "Logistics",
    "Media",
    "Networks",
    "Robotics",
    "Software",
    "Systems",
    "& Partners",
)

DIAL_PREFIXES = ("", "", "", "+1 ")
SIZES = ("1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001-10000", "10000+")

INDUSTRIES = (
    # sector, industry, products and services
    (
        "Technology",
        "Computer Software",
        [
            "Information Technology",
            "Marketing Automation",
            "Sales Automation",
            "Information Technology (IT) Consulting",
        ],
    ),
    ("Technology", "Internet", ["E-Commerce", "Search", "Online Advertising"]),
    ("Financials", "Banking", ["Retail Banking", "Payments", "Lending"]),
    ("Health Care", "Hospital & Health Care", ["Telehealth", "Diagnostics", "Medical Devices"]),
    ("Industrials", "Logistics and Supply Chain", ["Freight", "Warehousing", "Last Mile; Same Day"]),
    ("Consumer Goods", "Food & Beverages", ["Snacks", "Beverages", "Catering"]),
    ("Services", "Management Consulting", ["Strategy", "Operations", "Change Management"]),
)

SCHOOLS = (
    ("Indian Institute Of Technology Kharagpur", "Kharagpur, West Bengal, India", "iitkgp.ac.in"),
    ("University Of California, Berkeley", "Berkeley, California, United States", "berkeley.edu"),
    ("Universidade De São Paulo", "São Paulo, Brazil", "usp.br"),
    ("Eth Zürich", "Zürich, Switzerland", "ethz.ch"),
    ("University Of Lagos", "Lagos, Nigeria", "unilag.edu.ng"),
    ("National University Of Singapore", "Singapore", "nus.edu.sg"),
    ("Uniwersytet Jagielloński", "Kraków, Poland", "uj.edu.pl"),
)
DEGREES = ("Bachelors", "Masters", "Master Of Business Administration", "Doctor Of Philosophy", "Associates")

SKILLS = (
    "Business Strategy",
    "Portfolio Management",
    "Financial Modeling",
    "Management",
    "Banking",
    "Business Development",
    "Requirements Analysis",
    "Business Analytics",
    "Team Management",
    "Pre Sales",
    "Business Intelligence",
    "Strategy",
    "Sales",
    "C++",
    "Python",
    "Negotiation",
    "Public Speaking",
    "Search Engine Optimization (SEO)",
    "Customer Success",
    "Research & Development",
    "Agile, Scrum",
    "Français",
)

TECHNOLOGIES = (
    # category, subcategory, technology
    ("Finance and Accounting", "Billing And Provisioning", "Square Invoices"),
    ("Finance and Accounting", "Payment Processing", "Stripe"),
    ("Platform and Storage", "Backup and Disaster Recovery", "Rewind.io"),
    ("Platform and Storage", "Cloud Infrastructure", "Amazon EC2"),
    ("Platform and Storage", "Database Management", "PostgreSQL"),
    ("Marketing", "Marketing Automation", "HubSpot"),
    ("Marketing", "Web Analytics", "Google Analytics"),
    ("Marketing", "Email Marketing", "Mailchimp"),
    ("Sales", "Customer Relationship Management", "Salesforce"),
    ("Sales", "Sales Engagement", "Outreach"),
    ("Customer Management", "Help Desk", "Zendesk"),
    ("Productivity and Operations", "Project Management", "Jira"),
    ("Productivity and Operations", "Collaboration", "Slack"),
    ("Communications", "Video Conferencing", "Zoom"),
    ("Software Development", "Version Control", "GitHub"),
    ("Software Development", "Languages and Frameworks", "React"),
    ("Human Resources", "Applicant Tracking", "Greenhouse"),
    ("Security", "Identity Management", "Okta"),
)
